"""Which labels and which findings are the same place: one to one, the best pairs first."""

from collections.abc import Sequence
from dataclasses import dataclass

from buffrsign.documents.fields import Field, Rect
from evaluation.fields.label import Label

LEAST_OVERLAP = 0.3
TOLERANCE_PT = 12.0


@dataclass(frozen=True)
class Matched:
    """The labels that were found, and those that were not; and the findings that are no field."""

    pairs: list[tuple[Label, Field]]
    missed: list[Label]
    surplus: list[Field]


def matched(labels: Sequence[Label], fields: Sequence[Field]) -> Matched:
    """Pair labels and findings of one document, whatever their types."""
    candidates = sorted(
        (_distance(label, found), i, j)
        for i, label in enumerate(labels)
        for j, found in enumerate(fields)
        if label.page == found.page and _is_same_place(label.rect, found.rect)
    )
    of_label: dict[int, int] = {}
    for _, i, j in candidates:
        if i not in of_label and j not in of_label.values():
            of_label[i] = j
    return Matched(
        pairs=[(labels[i], fields[j]) for i, j in sorted(of_label.items())],
        missed=[label for i, label in enumerate(labels) if i not in of_label],
        surplus=[found for j, found in enumerate(fields) if j not in of_label.values()],
    )


def _distance(label: Label, found: Field) -> tuple[bool, float]:
    """Of two places for one label, that of its type is preferred, and then the one that covers it better."""
    return label.type != found.type.value, -overlap(label.rect, found.rect)


def _is_same_place(one: Rect, other: Rect) -> bool:
    """An overlap of `LEAST_OVERLAP`, or the middle of one in the other, up to `TOLERANCE_PT` above or below it.

    The tolerance is there because hands draw a place to write on now on, now over its line.
    """
    return overlap(one, other) >= LEAST_OVERLAP or _holds_middle(one, other) or _holds_middle(other, one)


def overlap(one: Rect, other: Rect) -> float:
    """Intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    shared = wide * tall
    return shared / (_area(one) + _area(other) - shared)


def _area(rect: Rect) -> float:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def _holds_middle(rect: Rect, other: Rect) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return rect[0] <= x <= rect[2] and rect[1] - TOLERANCE_PT <= y <= rect[3] + TOLERANCE_PT
