"""Frames and table cells to write in, and small squares and marks to tick."""

from collections.abc import Iterator

from buffrsign.documents.fields.cells import cell_at, inside
from buffrsign.documents.fields.columns import Form, forms_of
from buffrsign.documents.fields.combs import combs_of, fields_of
from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Box, Line, Page, Phrase, Tick
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_witness, kind_of

_LONGEST_LABEL = 6  # words
_MOST_COLUMNS = 4
_SQUARE_PT = (6.0, 18.0)
_FARTHEST_PT = 150.0
_FORM = 2  # boxes whose labels we know, on a page that is taken for a form
_LOW = 1.3  # of the size of the writing
_BESIDE_PT = 12.0
_LEAST_PT = (40.0, 10.0)
_ALIKE_PT = 3.0


def cells_of(page: Page) -> Iterator[Found]:
    """Empty cells and frames beside, around or under a label.

    On a page that has some whose label we know, other short words label theirs too, where these are in line with those.
    """
    if not page.strokes.upright:
        return
    forms = list(forms_of(page))
    for form in forms:
        yield from form.fields
    yield from fields_of(page, combs_of(page))
    labels = [phrase for phrase in page.phrases() if _is_label(phrase, forms)]
    known = [found for label in labels if (kind := kind_of(label.text)) for found in _of_label(page, label, kind)]
    yield from known
    if len(known) >= _FORM:
        unknown = (found for label in labels if kind_of(label.text) is None for found in _of_label(page, label, None))
        yield from (found for found in unknown if any(_is_in_line(found, other) for other in known))


def _is_label(phrase: Phrase, forms: list[Form]) -> bool:
    is_short = len(phrase.text.split()) <= _LONGEST_LABEL and any(character.isalpha() for character in phrase.text)
    return is_short and not any(form.area.holds((phrase.x0 + phrase.x1) / 2, phrase.y) for form in forms)


def _is_in_line(found: Found, known: Found) -> bool:
    """Whether two boxes have their left edge, and their height or their right edge, in common."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = found.rect, known.rect
    is_alike = abs((ay1 - ay0) - (by1 - by0)) < _ALIKE_PT or abs(ax1 - bx1) < _ALIKE_PT
    is_level = abs(ay0 - by0) < _ALIKE_PT and abs(ay1 - by1) < _ALIKE_PT
    return is_level or (abs(ax0 - bx0) < _ALIKE_PT and is_alike)


def _of_label(page: Page, label: Phrase, kind: FieldType | None) -> Iterator[Found]:
    """The places of one label. Without a kind it is text, and must stand in a cell of its own or over a frame."""
    middle = label.y + label.size * 0.3
    own = cell_at(page, (label.x0 + label.x1) / 2, middle)
    if own is not None and _has_room(page, own, label):
        yield _found(page, own, kind, Ground.BOX, label)
        return
    stands_free = own is None or len(inside(page, own)) > 1
    if stands_free and (under := _frame_under(page, label)) is not None:
        yield _found(page, under, kind, Ground.BOX_BELOW, label)
        return
    if own is None and kind is None:
        return
    start = own.x1 if own is not None else _next_stroke(page, label, middle)
    ground = Ground.CELL
    for _ in range(_MOST_COLUMNS if kind is not None else 1):
        cell = cell_at(page, start + 3, middle) if start is not None else None
        if cell is None or inside(page, cell):
            return
        yield _found(page, cell, kind, ground, label)
        ground = Ground.BESIDE_INITIALS if kind is FieldType.INITIALS else ground
        is_row = own is not None or kind is FieldType.INITIALS
        start = cell.x1 if is_row else None


def _has_room(page: Page, cell: Box, label: Phrase) -> bool:
    """Whether the label stands in a corner of a box that is otherwise empty, and there is room for more."""
    is_roomy = cell.height > 2.4 * label.size and cell.width > 50 and label.y - cell.y0 > 0.9 * label.size
    return is_roomy and inside(page, cell) == [label]


def _frame_under(page: Page, label: Phrase) -> Box | None:
    """An empty frame right under a label, as wide as something to write, that begins where the label does."""
    for frame in page.strokes.frames_with_top(label.y - _LOW * label.size, label.y + 2):
        is_level = abs(frame.x0 - label.x0) < _BESIDE_PT
        is_large = frame.width >= _LEAST_PT[0] and frame.height >= _LEAST_PT[1]
        if is_level and is_large and not inside(page, frame):
            return frame
    return None


def _next_stroke(page: Page, label: Phrase, middle: float) -> float | None:
    """The nearest upright stroke at the right of a label that stands in no cell, if nothing is between them."""
    strokes = [edge.at for edge in page.strokes.upright if edge.start <= middle <= edge.end and edge.at > label.x1]
    nearest = min(strokes, default=None)
    if nearest is None or nearest - label.x1 > _FARTHEST_PT:
        return None
    between = Box(label.x1 + 1, label.y, nearest, label.y + label.size)
    return None if inside(page, between) else nearest


def _found(page: Page, cell: Box, kind: FieldType | None, ground: Ground, label: Phrase) -> Found:
    if kind is None:
        return Found(FieldType.TEXT, page.number, cell, Ground.UNKNOWN_BOX)
    return Found(kind, page.number, cell, ground, witness=is_witness(label.text))


def ticks_of(page: Page) -> Iterator[Found]:
    """Squares, brackets and characters that begin a choice."""
    for line in page.lines:
        for column, piece in enumerate(line.pieces):
            if isinstance(piece, Tick) and _begins_choice(line, column):
                rect = (piece.x0, piece.y - 1, piece.x1, piece.y + piece.size)
                yield Found(FieldType.CHECKBOX, page.number, rect, Ground.TICK, filled=piece.ticked)
    smallest, largest = _SQUARE_PT
    combs = combs_of(page)
    for frame in page.strokes.frames:
        is_square = smallest <= frame.width <= largest and 0.8 <= frame.width / frame.height <= 1.25
        is_tooth = any(comb.holds((frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2) for comb in combs)
        if is_square and not is_tooth and _stands_before_words(page, frame):
            yield Found(FieldType.CHECKBOX, page.number, frame, Ground.SQUARE, filled=bool(inside(page, frame)))


def _begins_choice(line: Line, column: int) -> bool:
    """Whether words follow, and none stand close before it, as they would in running text."""
    tick = line.pieces[column]
    before, behind = line.pieces[column - 1] if column else None, line.pieces[column + 1 : column + 2]
    is_free = before is None or tick.x0 - before.x1 > tick.size
    return is_free and any(isinstance(piece, Phrase) and piece.x0 - tick.x1 < 3 * tick.size for piece in behind)


def _stands_before_words(page: Page, frame: Box) -> bool:
    return any(frame.y0 - 3 <= phrase.y <= frame.y1 and -2 <= phrase.x0 - frame.x1 <= 36 for phrase in page.phrases())
