"""Rows of small frames for one character each: together they are one place, for a date or a number."""

from collections.abc import Iterator

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Box, Page
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import kind_of

_TEETH = 4
_WIDEST_PT = 26.0
_APART = 0.8  # of a frame's width
_FROM_LABEL_PT = 40.0
_OVER = 2.5  # of the size of the writing


def combs_of(page: Page) -> list[Box]:
    """The outlines of at least four frames of one size in a row, with small gaps at most."""
    combs: list[list[Box]] = []
    small = [
        frame for frame in page.strokes.frames if 5 < frame.width <= _WIDEST_PT and frame.height <= 1.6 * _WIDEST_PT
    ]
    for frame in sorted(small, key=lambda each: (-round(each.y0), each.x0)):
        last = combs[-1][-1] if combs else None
        if last is not None and _continues(last, frame):
            combs[-1].append(frame)
        else:
            combs.append([frame])
    return [Box(comb[0].x0, comb[0].y0, comb[-1].x1, comb[0].y1) for comb in combs if len(comb) >= _TEETH]


def fields_of(page: Page, combs: list[Box]) -> Iterator[Found]:
    """What the label beside or over a comb says; text where it says nothing."""
    for comb in combs:
        yield Found(_kind(page, comb) or FieldType.TEXT, page.number, comb, Ground.COMB)


def _continues(last: Box, frame: Box) -> bool:
    is_level = abs(last.y0 - frame.y0) < 1 and abs(last.height - frame.height) < 1
    return is_level and abs(last.width - frame.width) < 1 and 0 <= frame.x0 - last.x1 + 1 < _APART * frame.width + 1


def _kind(page: Page, comb: Box) -> FieldType | None:
    beside = [
        phrase
        for phrase in page.phrases()
        if comb.y0 - 4 <= phrase.y <= comb.y1 and 0 <= comb.x0 - phrase.x1 + 2 < _FROM_LABEL_PT
    ]
    over = [
        phrase
        for phrase in page.phrases()
        if 0 <= phrase.y - comb.y1 < _OVER * phrase.size and abs(phrase.x0 - comb.x0) < _FROM_LABEL_PT
    ]
    return next((kind for phrase in [*beside, *over] if (kind := kind_of(phrase.text)) is not None), None)
