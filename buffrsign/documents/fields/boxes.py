"""Frames and table cells to write in, and small squares and marks to tick."""

from collections.abc import Iterator

from buffrsign.documents.fields.cells import cell_at, inside
from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Box, Line, Page, Phrase, Tick
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_witness, kind_of

_LONGEST_LABEL = 6  # words
_MOST_COLUMNS = 4
_SQUARE_PT = (6.0, 18.0)
_FARTHEST_PT = 150.0


def cells_of(page: Page) -> Iterator[Found]:
    """Empty cells and frames beside or around a label."""
    if not page.strokes.upright:
        return
    for phrase in page.phrases():
        if len(phrase.text.split()) <= _LONGEST_LABEL and (kind := kind_of(phrase.text)) is not None:
            yield from _of_label(page, phrase, kind)


def _of_label(page: Page, label: Phrase, kind: FieldType) -> Iterator[Found]:
    middle = label.y + label.size * 0.3
    own = cell_at(page, (label.x0 + label.x1) / 2, middle)
    if own is not None and _has_room(page, own, label):
        yield _found(page, own, kind, Ground.BOX, label)
        return
    start = own.x1 if own is not None else _next_stroke(page, label, middle)
    for _ in range(_MOST_COLUMNS):
        cell = cell_at(page, start + 3, middle) if start is not None else None
        if cell is None or inside(page, cell):
            return
        yield _found(page, cell, kind, Ground.CELL, label)
        start = cell.x1 if own is not None else None


def _has_room(page: Page, cell: Box, label: Phrase) -> bool:
    """Whether the label stands in a corner of a box that is otherwise empty, and there is room for more."""
    return cell.height > 2.4 * label.size and cell.width > 50 and inside(page, cell) == [label]


def _next_stroke(page: Page, label: Phrase, middle: float) -> float | None:
    """The nearest upright stroke at the right of a label that stands in no cell, if nothing is between them."""
    strokes = [edge.at for edge in page.strokes.upright if edge.start <= middle <= edge.end and edge.at > label.x1]
    nearest = min(strokes, default=None)
    if nearest is None or nearest - label.x1 > _FARTHEST_PT:
        return None
    between = Box(label.x1 + 1, label.y, nearest, label.y + label.size)
    return None if inside(page, between) else nearest


def _found(page: Page, cell: Box, kind: FieldType, ground: Ground, label: Phrase) -> Found:
    return Found(kind, page.number, cell, ground, witness=is_witness(label.text))


def ticks_of(page: Page) -> Iterator[Found]:
    """Squares, brackets and characters that begin a choice."""
    for line in page.lines:
        for column, piece in enumerate(line.pieces):
            if isinstance(piece, Tick) and _begins_choice(line, column):
                rect = (piece.x0, piece.y - 1, piece.x1, piece.y + piece.size)
                yield Found(FieldType.CHECKBOX, page.number, rect, Ground.TICK, filled=piece.ticked)
    smallest, largest = _SQUARE_PT
    for frame in page.strokes.frames:
        is_square = smallest <= frame.width <= largest and 0.8 <= frame.width / frame.height <= 1.25
        if is_square and _stands_before_words(page, frame):
            yield Found(FieldType.CHECKBOX, page.number, frame, Ground.SQUARE, filled=bool(inside(page, frame)))


def _begins_choice(line: Line, column: int) -> bool:
    """Whether words follow, and none stand close before it, as they would in running text."""
    tick = line.pieces[column]
    before, behind = line.pieces[column - 1] if column else None, line.pieces[column + 1 : column + 2]
    is_free = before is None or tick.x0 - before.x1 > tick.size
    return is_free and any(isinstance(piece, Phrase) and piece.x0 - tick.x1 < 3 * tick.size for piece in behind)


def _stands_before_words(page: Page, frame: Box) -> bool:
    return any(frame.y0 - 3 <= phrase.y <= frame.y1 and -2 <= phrase.x0 - frame.x1 <= 36 for phrase in page.phrases())
