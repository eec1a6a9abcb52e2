"""Precision, recall and F1: by type, whatever the type, and whether fields are grouped by party as they should be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import get_args

from buffrsign.documents.fields import Field
from evaluation.fields.label import Kind, Label
from evaluation.fields.match import Matched, matched

TYPES: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Rates:
    """Right findings, findings and labels; and what follows from them."""

    right: int
    found: int
    labelled: int

    @property
    def precision(self) -> float:
        """Which share of the findings is right; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Which share of the labels was found; 1 where there are none."""
        return self.right / self.labelled if self.labelled else 1.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.right / (self.found + self.labelled) if self.found + self.labelled else 1.0

    def as_json(self) -> dict[str, float]:
        """For programs."""
        rates = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {
            **{name: round(rate, 4) for name, rate in rates.items()},
            "found": self.found,
            "labelled": self.labelled,
        }


@dataclass
class Score:
    """Counts over documents. A finding is right by type if place and type are right, and placed if its place is."""

    documents: int = 0
    right: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    right_by_reason: Counter[str] = field(default_factory=Counter)
    placed: int = 0
    f1_of_documents: list[float] = field(default_factory=list)
    filled_right: int = 0
    pairs: int = 0
    pairs_right: int = 0

    def add(self, labels: Iterable[Label], fields: Iterable[Field]) -> None:
        """Count one document."""
        labels, fields = list(labels), list(fields)
        found = matched(labels, fields)
        self.documents += 1
        self.placed += len(found.pairs)
        self.found.update(each.type.value for each in fields)
        self.labelled.update(label.type for label in labels)
        self.by_reason.update(each.reason for each in fields)
        right = [(label, each) for label, each in found.pairs if label.type == each.type.value]
        self.right.update(label.type for label, _ in right)
        self.right_by_reason.update(each.reason for _, each in right)
        self.filled_right += sum(label.filled == each.filled for label, each in found.pairs)
        self.f1_of_documents.append(Rates(len(right), len(fields), len(labels)).f1)
        self._add_owners(found)

    def _add_owners(self, found: Matched) -> None:
        """Two fields of one document are grouped right if they are one party's in both, or in neither."""
        for (one, found_one), (other, found_other) in combinations(found.pairs, 2):
            self.pairs += 1
            self.pairs_right += _same(one.owner, other.owner) == _same(found_one.owner, found_other.owner)

    def of(self, kind: str) -> Rates:
        """One type's."""
        return Rates(self.right[kind], self.found[kind], self.labelled[kind])

    @property
    def all(self) -> Rates:
        """All types together: place and type."""
        return Rates(self.right.total(), self.found.total(), self.labelled.total())

    @property
    def places(self) -> Rates:
        """Places only, whatever the type."""
        return Rates(self.placed, self.found.total(), self.labelled.total())

    @property
    def mean_f1(self) -> float:
        """The mean over documents, so that one with a hundred fields counts as much as one with two."""
        return sum(self.f1_of_documents) / len(self.f1_of_documents) if self.f1_of_documents else 1.0

    @property
    def grouping(self) -> float:
        """The share of pairs of found fields that are grouped right; 1 where there are none."""
        return self.pairs_right / self.pairs if self.pairs else 1.0

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "documents": self.documents,
            "all": self.all.as_json(),
            "per_document_f1": round(self.mean_f1, 4),
            "places": self.places.as_json(),
            "grouping": round(self.grouping, 4),
            "filled": round(self.filled_right / self.placed, 4) if self.placed else 1.0,
            "types": {kind: self.of(kind).as_json() for kind in TYPES if self.labelled[kind] or self.found[kind]},
        }


def _same(one: int | None, other: int | None) -> bool:
    return one is not None and one == other
