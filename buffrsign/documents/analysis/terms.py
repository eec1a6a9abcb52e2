"""How long a contract runs, how it is renewed, and which law governs it."""

import re
from collections.abc import Iterator, Sequence

from buffrsign.documents.analysis.durations import DURATION, iso_duration
from buffrsign.documents.analysis.paragraphs import sentences_of
from buffrsign.documents.analysis.quotes import Found, Passage, one_line

MAX_TERMS = 20

_KINDS = (
    (
        "notice",
        re.compile(
            r"(?:not|non|nie|nicht)[\s-]{0,2}(?:to\s)?(?:renew|hernu|verläng)|notice.{0,80}(?:renew|expir)"
            r"|(?:renew|extend).{0,160}(?:notice|notif)",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
    (
        "renewal",
        re.compile(
            r"\b(?:(?:auto-?)?renew(?:s|ed|al)?|(?:automatically|be)\s{1,3}extended|successive|hernu|verlängert)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "term",
        re.compile(
            r"\b(?:initial\s)?term\b.{0,120}\b(?:shall|will|is|begin|commence|continue|of)\b|(?:remain|continue"
            r"|be)\s{1,3}in\s{1,3}(?:full\s)?(?:force|effect)|for\s{1,3}a\s{1,3}(?:period|term)\s{1,3}of"
            r"|termyn van|tydperk van|laufzeit|dauer von",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
)
_ABOUT_CONTRACT = re.compile(r"\bagreement\b|\bcontract\b|\bterm\b|ooreenkoms|kontrak|vertrag|laufzeit", re.IGNORECASE)
_LAW = re.compile(
    r"(?i:\b(?:governed|construed|interpreted|enforced|subject|bepaal|beheer|unterliegt|gilt))\b[^.;]{0,160}?"
    r"(?i:\blaws?\s{1,3}(?:in\s{1,3}force\s{1,3}in|of)\s{1,3}|\breg\s{1,3}van\s{1,3}|\brecht\s{1,3}(?:der|des"
    r"|von)\s{1,3})(?i:(?:the|die|der)\s{1,3})?"
    r"(?P<law>(?:(?i:state|commonwealth|province|kingdom|district|(?:people[’']s\s"
    r"|federal\s)?republi[ck])\s{1,3}(?i:of\s{1,3}|van\s{1,3})?(?i:the\s{1,3})?)?"
    r"[A-ZÄÖÜ][\w.’'-]{1,30}(?:\s{1,3}(?:(?:and|of|the)\s{1,3}){0,2}[A-ZÄÖÜ][\w’'-]{1,30}){0,4})"
)


class Term(Found, frozen=True, kw_only=True):
    """`kind` is `term`, `renewal` or `notice` (to end a renewal); `length` an ISO 8601 duration."""

    kind: str
    length: str


class GoverningLaw(Found, frozen=True, kw_only=True):
    """`law` is the place whose law governs, as written, on one line."""

    law: str


def terms_of(paragraphs: Sequence[Passage]) -> tuple[Term, ...]:
    """Each length of time that a sentence gives to the contract, its renewal, or the notice that ends one."""
    found: list[Term] = []
    for paragraph in paragraphs:
        if DURATION.search(paragraph.text) and _ABOUT_CONTRACT.search(paragraph.text):
            for sentence in sentences_of(paragraph):
                found += _terms_in(sentence)
    return tuple(found[:MAX_TERMS])


def _terms_in(sentence: Passage) -> Iterator[Term]:
    if not _ABOUT_CONTRACT.search(sentence.text):
        return
    lengths = list(sentence.matches(DURATION))
    taken: list[re.Match[str]] = []
    for kind, pattern in _KINDS:
        said = pattern.search(sentence.text)
        left = [length for length in lengths if length not in taken]
        if said and left and not (kind == "term" and taken):
            taken.append(left[-1] if kind == "notice" else _nearest(left, said))
            yield Term(quote=sentence.quote(), confidence=0.7, kind=kind, length=iso_duration(taken[-1]))


def _nearest(lengths: Sequence[re.Match[str]], said: re.Match[str]) -> re.Match[str]:
    return min(lengths, key=lambda each: abs(each.start() - said.start()))


def governing_law_of(paragraphs: Sequence[Passage]) -> tuple[GoverningLaw, ...]:
    """Each place whose law a paragraph says to govern, once."""
    found: dict[str, GoverningLaw] = {}
    for paragraph in paragraphs:
        for match in paragraph.matches(_LAW):
            law = one_line(match["law"])
            found.setdefault(law, GoverningLaw(quote=paragraph.quote(*match.span()), confidence=0.9, law=law))
    return tuple(found.values())[:MAX_TERMS]
