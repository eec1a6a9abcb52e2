"""Lists of particulars in which one was left out: "E-mail:" with nothing behind it, between others."""

from collections.abc import Iterator

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_label, is_party, kind_of

_ROOM_PT = 150.0
_LEAST_ROOM_PT = 40.0
_NEXT = 3.2  # of the size of the writing, from one line of the list to the next
_VALUE = 1.8
_NEVER = frozenset({FieldType.SIGNATURE, FieldType.INITIALS})


def left_out_of(page: Page) -> Iterator[Found]:
    """The room behind such labels, if another label begins at the same edge right over or under it."""
    rows = [line for line in page.lines if any(_is_label(piece) for piece in line.pieces)]
    for line in rows:
        for column, piece in enumerate(line.pieces):
            if isinstance(piece, Phrase) and _is_label(piece) and _is_left_out(page, rows, line, column, piece):
                yield _room(page, line, column, piece)


def _is_left_out(page: Page, rows: list[Line], line: Line, column: int, label: Phrase) -> bool:
    if kind_of(label.text) in _NEVER or is_party(label.text):
        return False
    behind = line.pieces[column + 1 : column + 2]
    if behind and not _is_label(behind[0]):
        return False
    return _has_neighbour(rows, line, label) and not _goes_on_below(page, label)


def _has_neighbour(rows: list[Line], line: Line, label: Phrase) -> bool:
    return any(
        _is_label(piece) and abs(piece.x0 - label.x0) < 0.5 * label.size
        for other in rows
        if other is not line and abs(other.y - line.y) < _NEXT * label.size
        for piece in other.pieces
    )


def _goes_on_below(page: Page, label: Phrase) -> bool:
    """Whether other words stand right under it, which may be its value."""
    for line in page.lines:
        if 0 < label.y - line.y < _VALUE * label.size:
            under = [piece for piece in line.pieces if abs(piece.x0 - label.x0) < 2 * label.size]
            if under and not _is_label(under[0]):
                return True
    return False


def _room(page: Page, line: Line, column: int, label: Phrase) -> Found:
    behind = line.pieces[column + 1 : column + 2]
    limit = behind[0].x0 - label.size if behind else page.width - 36
    x0 = label.x1 + 0.3 * label.size
    rect = (x0, label.y, max(x0 + _LEAST_ROOM_PT, min(x0 + _ROOM_PT, limit)), label.y + label.size)
    return Found(kind_of(label.text) or FieldType.TEXT, page.number, rect, Ground.LEFT_OUT)


def _is_label(piece: object) -> bool:
    return isinstance(piece, Phrase) and is_label(piece.text)
