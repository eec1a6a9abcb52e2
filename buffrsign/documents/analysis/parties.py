"""Who contracts: as the opening lists them, after "Party A:", and above the lines to sign on."""

import re
from collections.abc import Iterator, Sequence

from buffrsign.documents.analysis.names import FORM, has_form, name_at, normalised
from buffrsign.documents.analysis.opening import named_in_opening
from buffrsign.documents.analysis.quotes import Found, Passage, one_line

MAX_PARTIES = 30

_OPENING_PAGES = 5
_LABELLED = re.compile(
    r"^[ \t]{0,10}(?:\(?[a-z0-9]{1,2}[.)]\s)?(?P<role>Party\s(?:[A-H]|[1-9])|(?:Licensor|Licensee|Buyer|Seller"
    r"|Supplier|Client|Customer|Consultant|Company|Landlord|Tenant|Lessor|Lessee"
    r"|Employer|Employee|Distributor|Contractor|Purchaser|Vendor|Lender|Borrower|Verkoper|Koper|Verkäufer"
    r"|Käufer))[ \t]{0,3}:[ \t]{0,3}(?=[^\s])",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNED_BY = re.compile(r"^[ \t]{0,60}(?:/s/|(?:By|BY|Per|Signed|Signature)[ \t]{0,3}(?::|_{2,}))", re.MULTILINE)
_LINE = re.compile(r"[^\n]+")
_RULE = re.compile(r"-{3,}|_{3,}")
_LINES_ABOVE = 3
_SURE = 0.8


class Party(Found, frozen=True, kw_only=True):
    """`name` as written, on one line; `role` is what the document calls it further on, None where it says nothing."""

    name: str
    role: str | None


def parties_of(pages: Sequence[Passage]) -> tuple[Party, ...]:
    """The parties in the order in which they appear, each once, at most `MAX_PARTIES`."""
    found: dict[str, Party] = {}
    for party in _candidates(pages):
        name = normalised(party.name)
        if not any(_is_the_same(name, known, is_sure=party.confidence >= _SURE) for known in found):
            found[name] = party
        if len(found) == MAX_PARTIES:
            break
    return tuple(found.values())


def _is_the_same(name: str, known: str, *, is_sure: bool) -> bool:
    """Whether two normalised names are one: the one begins the other, or, above a line to sign on, is part of it."""
    if is_sure:
        return name.startswith(known) or known.startswith(name)
    return name in known or known in name


def _candidates(pages: Sequence[Passage]) -> Iterator[Party]:
    opening = _best_opening(pages[:_OPENING_PAGES])
    yield from opening
    for page in pages[:_OPENING_PAGES]:
        yield from _labelled(page)
    for page in pages:
        yield from _above_signatures(page)


def _best_opening(pages: Sequence[Passage]) -> list[Party]:
    """The first list with a role in it, else the longest."""
    lists = [[_party(page, *named) for named in named_in_opening(page)] for page in pages]
    with_roles = [each for each in lists if sum(party.role is not None for party in each) and len(each) > 1]
    return with_roles[0] if with_roles else max(lists, key=len, default=[])


def _party(page: Passage, start: int, end: int, role: str | None) -> Party:
    quote = page.quote(start, end)
    name = one_line(_RULE.sub(" ", quote.text))
    return Party(quote=quote, confidence=0.9 if role else 0.8, name=name, role=one_line(role) if role else None)


def _labelled(page: Passage) -> Iterator[Party]:
    for label in page.matches(_LABELLED):
        line_end = page.text.find("\n", label.end())
        name = name_at(page.text, label.end(), line_end if line_end >= 0 else None)
        if name and FORM.search(page.text, *name):
            yield _party(page, *name, one_line(label["role"]))


def _above_signatures(page: Passage) -> Iterator[Party]:
    """The names with a legal form in the lines above "By: ____"."""
    for cue in page.matches(_SIGNED_BY):
        above = [*_LINE.finditer(page.text, max(0, cue.start() - 400), cue.start())][-_LINES_ABOVE:]
        for line in reversed(above):
            name = name_at(page.text, line.end() - len(line.group().lstrip()), line.end())
            if name and has_form(page.text, *name) and name[1] >= line.start() + len(line.group().rstrip(" ,:")):
                quote = page.quote(*name)
                yield Party(quote=quote, confidence=0.6, name=one_line(quote.text), role=None)
                break
