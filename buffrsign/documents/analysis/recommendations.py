"""What a person may want to look at: a clause that such contracts usually have and this lacks, or an unusual one."""

from collections.abc import Mapping, Sequence

import msgspec

from buffrsign.documents.analysis.clauses import Clause, Searched
from buffrsign.documents.analysis.quotes import Quote
from buffrsign.documents.analysis.usual_clauses import UNUSUAL, USUAL, USUAL_IN_ALL

MISSING, UNUSUALLY = "missing", "unusual"


class LookedFor(msgspec.Struct, frozen=True):
    """Why a clause counts as missing: none of so many paragraphs scored `threshold`; the best one scored `best`."""

    paragraphs: int
    best: float
    threshold: float


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """`why` is `missing`, with what was looked for, or `unusual`, with the clause's quote. `sentence` is our advice."""

    clause: str
    why: str
    sentence: str
    confidence: float
    is_weak: bool
    quote: Quote | None = None
    looked_for: LookedFor | None = None


def recommendations_of(
    document_type: str | None, clauses: Sequence[Clause], searched: Searched
) -> tuple[Recommendation, ...]:
    """The unusual clauses in the order of the text, then the missing ones.

    What is missing is said only of clauses that the classifier finds reliably; a weak label's absence says nothing.
    """
    return (*unusual(clauses), *_missing(document_type, clauses, searched))


def unusual(clauses: Sequence[Clause]) -> list[Recommendation]:
    """One for each label that binds unusually, at its first clause."""
    first: dict[str, Clause] = {}
    for clause in clauses:
        if clause.label in UNUSUAL:
            first.setdefault(clause.label, clause)
    return [
        Recommendation(
            clause=label,
            why=UNUSUALLY,
            sentence=UNUSUAL[label],
            confidence=clause.confidence,
            is_weak=clause.is_weak,
            quote=clause.quote,
        )
        for label, clause in first.items()
    ]


def _missing(document_type: str | None, clauses: Sequence[Clause], searched: Searched) -> list[Recommendation]:
    present = {clause.label for clause in clauses}
    wanted: Mapping[str, str] = {**USUAL_IN_ALL, **USUAL.get(document_type or "", {})}
    return [
        Recommendation(
            clause=label,
            why=MISSING,
            sentence=sentence,
            confidence=searched.reliability[label],
            is_weak=False,
            looked_for=LookedFor(searched.paragraphs, searched.best[label], searched.thresholds[label]),
        )
        for label, sentence in wanted.items()
        if label in searched.reliability and label not in present and label not in searched.weak
    ]
