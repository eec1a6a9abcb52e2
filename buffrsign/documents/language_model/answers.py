"""A model's answer, checked against the text: what it cannot quote is dropped, and values are read from the quotes.

So nothing that a model, or a document that talks to it, makes up becomes a finding: a date is what our own reader reads
in the quote, a name must stand in it, and kinds and labels are words of our own lists.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from buffrsign.documents.analysis.amounts import Amount, amounts_of
from buffrsign.documents.analysis.clauses import Clause
from buffrsign.documents.analysis.dates import Date, dates_of
from buffrsign.documents.analysis.document_type import DocumentType
from buffrsign.documents.analysis.durations import DURATION, iso_duration
from buffrsign.documents.analysis.obligations import Obligation, deadline_in
from buffrsign.documents.analysis.parties import Party
from buffrsign.documents.analysis.quotes import Found, Passage, one_line
from buffrsign.documents.analysis.summary import SENTENCES, KeySentence
from buffrsign.documents.analysis.terms import GoverningLaw, Term

CONFIDENCE = 0.7
"""Of every finding of a model: that its words are there is certain, that they mean what it says is not."""

MAX_QUOTE_CHARACTERS = 1200
_MAX_FINDINGS = 200
_FEWEST_QUOTED = 3

Text = Annotated[str, msgspec.Meta(max_length=MAX_QUOTE_CHARACTERS)]


class Pointed(msgspec.Struct, frozen=True):
    """A place that the model points at, and what it says of it."""

    page: int
    quote: Text
    code: Text | None = None
    name: Text | None = None
    role: Text | None = None
    kind: Text | None = None
    law: Text | None = None
    label: Text | None = None
    who: Text | None = None


Many = Annotated[tuple[Pointed, ...], msgspec.Meta(max_length=_MAX_FINDINGS)]


class Answer(msgspec.Struct, frozen=True):
    """What a model may answer; other keys are ignored."""

    document_type: Pointed | None = None
    parties: Many = ()
    dates: Many = ()
    amounts: Many = ()
    terms: Many = ()
    governing_law: Many = ()
    clauses: Many = ()
    obligations: Many = ()
    summary: Many = ()


class Checked(msgspec.Struct, frozen=True):
    """The findings that stand, by the names of `Analysis`, and how many did not."""

    findings: Mapping[str, tuple[Found, ...]]
    dropped: int


class Checker:
    """Checks answers about one document."""

    def __init__(self, pages: list[Passage], *, kinds: frozenset[str], labels: Mapping[str, bool]) -> None:
        """`kinds` are the codes of document types; `labels` those of clauses, with whether they are weak."""
        self._pages = {page.page: page for page in pages}
        self._kinds = kinds
        self._labels = labels

    def check(self, answer: Answer) -> Checked:
        """What of the answer stands in the text."""
        findings: dict[str, tuple[Found, ...]] = {}
        said = 0
        for name, pointed in _by_name(answer):
            said += len(pointed)
            findings[name] = tuple(found for each in pointed for found in self._found(name, each))
        findings["summary"] = findings["summary"][:SENTENCES]
        kept = sum(len(found) for found in findings.values())
        return Checked(findings, dropped=max(said - kept, 0))

    def _found(self, name: str, pointed: Pointed) -> Iterator[Found]:
        """The finding, if its quote stands on its page and bears it out."""
        page = self._pages.get(pointed.page)
        place = page and place_of(pointed.quote, page)
        if page and place:
            passage = page.part(*place)
            found = getattr(self, f"_{name}")(passage, pointed)
            if found is not None:
                yield found

    def _document_type(self, passage: Passage, pointed: Pointed) -> Found | None:
        return _typed(DocumentType, passage, code=pointed.code) if pointed.code in self._kinds else None

    def _parties(self, passage: Passage, pointed: Pointed) -> Found | None:
        if not _stands(pointed.name, passage):
            return None
        role = pointed.role if _stands(pointed.role, passage) else None
        return _typed(Party, passage, name=one_line(pointed.name or ""), role=role)

    def _dates(self, passage: Passage, pointed: Pointed) -> Found | None:
        dates = dates_of([passage])
        role = pointed.role if pointed.role in {"effective", "signed", "expiry"} else "other"
        return Date(quote=dates[0].quote, confidence=CONFIDENCE, iso=dates[0].iso, role=role) if dates else None

    def _amounts(self, passage: Passage, _pointed: Pointed) -> Found | None:
        amounts: tuple[Amount, ...] = amounts_of([passage])
        return msgspec.structs.replace(amounts[0], confidence=CONFIDENCE) if amounts else None

    def _terms(self, passage: Passage, pointed: Pointed) -> Found | None:
        length = DURATION.search(passage.text)
        if not length or pointed.kind not in {"term", "renewal", "notice"}:
            return None
        return _typed(Term, passage, kind=pointed.kind, length=iso_duration(length))

    def _governing_law(self, passage: Passage, pointed: Pointed) -> Found | None:
        return _typed(GoverningLaw, passage, law=one_line(pointed.law or "")) if _stands(pointed.law, passage) else None

    def _clauses(self, passage: Passage, pointed: Pointed) -> Found | None:
        weak = self._labels.get(pointed.label or "")
        return None if weak is None else _typed(Clause, passage, label=pointed.label, is_weak=weak)

    def _obligations(self, passage: Passage, pointed: Pointed) -> Found | None:
        if not _stands(pointed.who, passage):
            return None
        deadline, within = deadline_in(passage)
        return _typed(Obligation, passage, who=one_line(pointed.who or ""), deadline=deadline, within=within)

    def _summary(self, passage: Passage, _pointed: Pointed) -> Found | None:
        return _typed(KeySentence, passage)


def place_of(quote: str, page: Passage) -> tuple[int, int] | None:
    """Where these words stand on the page, however the white space between them falls; None where they do not."""
    words = quote.split()
    if sum(map(len, words)) < _FEWEST_QUOTED or len(quote) > MAX_QUOTE_CHARACTERS:
        return None
    match = re.search(r"\s+".join(map(re.escape, words)), page.text)
    return match.span() if match else None


def _stands(said: str | None, passage: Passage) -> bool:
    return bool(said and said.strip()) and one_line(said or "") in one_line(passage.text)


def _typed(of: type[Any], passage: Passage, /, **values: Any) -> Found:
    found: Found = of(quote=passage.quote(), confidence=CONFIDENCE, **values)
    return found


def _by_name(answer: Answer) -> Iterator[tuple[str, tuple[Pointed, ...]]]:
    yield "document_type", (answer.document_type,) if answer.document_type else ()
    for name in ("parties", "dates", "amounts", "terms", "governing_law", "clauses", "obligations", "summary"):
        yield name, getattr(answer, name)
