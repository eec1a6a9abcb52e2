"""Tables whose first row says what the empty cells under it are for: who signs, who is present, what is delivered."""

from collections.abc import Iterator
from dataclasses import dataclass

from buffrsign.documents.fields.cells import cell_at, inside
from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Box, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import kind_of

_LONGEST_HEADING = 4  # words
_MOST_ROWS = 60
_MOST_COLUMNS = 12
_SIGNED = frozenset({FieldType.SIGNATURE, FieldType.INITIALS})


@dataclass(frozen=True)
class _Column:
    kind: FieldType | None
    head: Box
    empty: list[Box]
    rows: int

    @property
    def is_signed(self) -> bool:
        """Whether nothing but signatures or initials is to stand here."""
        return self.kind in _SIGNED and self.rows > 0 and len(self.empty) == self.rows


@dataclass(frozen=True)
class Form:
    """A table to fill in: the room that it takes, headings included, and its empty cells."""

    area: Box
    fields: tuple[Found, ...]


def forms_of(page: Page) -> Iterator[Form]:
    """The tables where people sign, and those that have nothing but headings.

    A table with values in it and no column to sign in is there to be read, whatever it leaves out.
    """
    for columns in _tables(page):
        knows_some = sum(column.kind is not None for column in columns) > 1
        is_bare = all(len(column.empty) == column.rows for column in columns) and columns[0].rows > 0
        if any(column.is_signed for column in columns) or (knows_some and is_bare):
            yield Form(_area(columns), tuple(_fields(page, columns)))


def _fields(page: Page, columns: list[_Column]) -> Iterator[Found]:
    for column in columns:
        for cell in column.empty:
            yield Found(column.kind or FieldType.TEXT, page.number, cell, Ground.COLUMN)


def _area(columns: list[_Column]) -> Box:
    cells = [cell for column in columns for cell in (column.head, *column.empty)]
    return Box(columns[0].head.x0, min(cell.y0 for cell in cells), columns[-1].head.x1, columns[0].head.y1)


def _tables(page: Page) -> Iterator[list[_Column]]:
    """The columns of each row of headings, one of which at least names a field."""
    seen: set[float] = set()
    for phrase in page.phrases() if len(page.strokes.upright) > 2 else ():
        if len(phrase.text.split()) > _LONGEST_HEADING or kind_of(phrase.text) is None:
            continue
        cell = _cell_of(page, phrase)
        if cell is not None and round(cell.y0) not in seen:
            seen.add(round(cell.y0))
            columns = [_column(page, head) for head in _row(page, cell)]
            if len(columns) > 1:
                yield columns


def _cell_of(page: Page, phrase: Phrase) -> Box | None:
    return cell_at(page, (phrase.x0 + phrase.x1) / 2, phrase.y + phrase.size * 0.3)


def _row(page: Page, cell: Box) -> list[Box]:
    """The cells beside this one that are as high, from left to right, if each says something."""
    row = [cell]
    middle = (cell.y0 + cell.y1) / 2
    for side in (0, 2):
        at = cell
        while len(row) < _MOST_COLUMNS:
            beside = cell_at(page, at[side] + (side - 1) * 3, middle)
            if beside is None or abs(beside.y0 - cell.y0) > 2 or not inside(page, beside):
                break
            row.append(beside)
            at = beside
    return sorted(row)


def _column(page: Page, head: Box) -> _Column:
    empty: list[Box] = []
    rows = 0
    at = head
    while rows < _MOST_ROWS:
        below = cell_at(page, (head.x0 + head.x1) / 2, at.y0 - 3)
        if below is None or abs(below.x0 - head.x0) > 3 or abs(below.x1 - head.x1) > 3 or below.y0 >= at.y0:
            break
        rows += 1
        if not inside(page, below):
            empty.append(below)
        at = below
    words = " ".join(phrase.text for phrase in inside(page, head))
    return _Column(kind_of(words), head, empty, rows)
