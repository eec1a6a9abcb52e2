"""Key clauses by type, paragraph by paragraph, and how well each was looked for."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from buffrsign.documents.analysis.model import Model
from buffrsign.documents.analysis.quotes import Found, Passage

MAX_CLAUSES = 500
_FEWEST_CHARACTERS = 30


class Clause(Found, frozen=True, kw_only=True):
    """`label` is one of CUAD's; `is_weak`: it is seen so rarely, or found so badly, that a finding is a guess."""

    label: str
    is_weak: bool


class LabelKnown(msgspec.Struct, frozen=True):
    """What is known of a label: its held-out F1, how many paragraphs it was seen in, whether it is weak."""

    label: str
    f1: float
    support: int
    is_weak: bool


class Searched(NamedTuple):
    """How labels were looked for: in so many paragraphs, the best probability of each, and what it had to reach."""

    paragraphs: int
    best: Mapping[str, float]
    thresholds: Mapping[str, float]
    reliability: Mapping[str, float]
    weak: frozenset[str]


NOT_SEARCHED = Searched(0, {}, {}, {}, frozenset())


def clauses_of(paragraphs: Sequence[Passage], model: Model) -> tuple[tuple[Clause, ...], Searched]:
    """Each label of each paragraph, in the order of the text, at most `MAX_CLAUSES`; and how they were looked for."""
    scores = model.scores([paragraph.text for paragraph in paragraphs])
    probabilities = model.probabilities(scores)
    labels, weak = model.card.labels, frozenset(model.card.weak)
    found = [
        Clause(
            quote=paragraphs[row].quote(),
            confidence=round(float(probabilities[row, column]), 3),
            label=labels[column],
            is_weak=labels[column] in weak,
        )
        for row, column in zip(*(scores >= model.thresholds).nonzero(), strict=True)
        if len(paragraphs[row].text) >= _FEWEST_CHARACTERS
    ]
    best = probabilities.max(axis=0, initial=0.0)
    searched = Searched(
        paragraphs=len(paragraphs),
        best={label: round(float(value), 3) for label, value in zip(labels, best, strict=True)},
        thresholds={
            label: round(float(value), 3)
            for label, value in zip(labels, model.probabilities(model.thresholds), strict=True)
        },
        reliability=model.card.f1,
        weak=weak,
    )
    return tuple(found[:MAX_CLAUSES]), searched


def labels_known(model: Model) -> tuple[LabelKnown, ...]:
    """All labels that are looked for, with how well."""
    card = model.card
    return tuple(LabelKnown(label, card.f1[label], card.support[label], label in card.weak) for label in card.labels)
