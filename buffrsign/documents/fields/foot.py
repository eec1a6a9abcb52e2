"""Short lines at the foot of several pages, beside a page number at most: they are there for initials."""

from collections.abc import Iterable, Iterator

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Blank, Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground

_LEAST_PAGES = 2
_WIDTHS_PT = (10.0, 80.0)
_LAST_LINES = 3


def initials_of(pages: Iterable[Page]) -> list[Found]:
    """The unlabelled places for initials of a document, if at least two of its pages have some."""
    rows = [(page, line) for page in pages for line in page.lines[-_LAST_LINES:] if _is_for_initials(line)]
    if len({page.number for page, _ in rows}) < _LEAST_PAGES:
        return []
    return [found for page, line in rows for found in _places(page, line)]


def _is_for_initials(line: Line) -> bool:
    shortest, longest = _WIDTHS_PT
    blanks = [piece for piece in line.pieces if isinstance(piece, Blank) and not piece.drawn and not piece.text]
    words = [piece.text for piece in line.pieces if isinstance(piece, Phrase)]
    return (
        bool(blanks)
        and all(shortest <= blank.width <= longest for blank in blanks)
        and not any(character.isalpha() for character in "".join(words))
    )


def _places(page: Page, line: Line) -> Iterator[Found]:
    for piece in line.pieces:
        if isinstance(piece, Blank):
            rect = (piece.x0, piece.y, piece.x1, piece.y + piece.size)
            yield Found(FieldType.INITIALS, page.number, rect, Ground.FOOT)
