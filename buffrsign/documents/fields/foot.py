"""Short lines and small boxes at the foot of several pages, beside a page number at most: they are for initials."""

from collections.abc import Iterable, Iterator

from buffrsign.documents.fields.field import FieldType, Rect
from buffrsign.documents.fields.geometry import Blank, Box, Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import kind_of

_LEAST_PAGES = 2
_WIDTHS_PT = (10.0, 80.0)
_HEIGHTS_PT = (10.0, 45.0)
_LAST_LINES = 4
_MOST_WORDS = 8
_FOOT = 0.12  # of the page
_SAME_PT = 3.0


def initials_of(pages: Iterable[Page]) -> list[Found]:
    """The unlabelled places for initials of a document, if at least two of its pages have some.

    Where words stand beside them, or nothing but a drawn line does, they must be at the same place across the pages.
    """
    pages = list(pages)
    bare = [(page, rect) for page in pages for line in page.lines[-_LAST_LINES:] for rect in _lines(line)]
    if len({page.number for page, _ in bare}) < _LEAST_PAGES:
        bare = []
    drawn = [(page, rect) for page in pages for rect in _beside_words(page)]
    return [_found(page, rect) for page, rect in [*bare, *_repeated(drawn)]]


def _lines(line: Line) -> Iterator[Rect]:
    """The short typed lines of a row that has no word."""
    if any(character.isalpha() for phrase in _phrases(line) for character in phrase.text):
        return
    blanks = _blanks(line)
    if all(_is_short(blank) and not blank.drawn for blank in blanks):
        yield from map(_rect, blanks)


def _beside_words(page: Page) -> Iterator[Rect]:
    """Short lines beside a few words that are no label, or drawn; and small empty boxes in the lowest part."""
    for line in page.lines[-_LAST_LINES:]:
        phrases = _phrases(line)
        says_nothing = all(kind_of(phrase.text) is None for phrase in phrases)
        if says_nothing and sum(len(phrase.text.split()) for phrase in phrases) <= _MOST_WORDS:
            yield from (_rect(blank) for blank in _blanks(line) if _is_short(blank) and not blank.text)
    for frame in page.strokes.frames:
        if frame.y1 < _FOOT * page.height and _is_small(frame) and not _is_written_in(page, frame):
            yield frame


def _repeated(places: list[tuple[Page, Rect]]) -> Iterator[tuple[Page, Rect]]:
    """Those of which another page has one between the same edges; that rows differ in height is usual in filings."""
    for page, rect in places:
        others = {
            other.number
            for other, place in places
            if abs(place[0] - rect[0]) < _SAME_PT and abs(place[2] - rect[2]) < _SAME_PT
        }
        if len(others) >= _LEAST_PAGES:
            yield page, rect


def _phrases(line: Line) -> list[Phrase]:
    return [piece for piece in line.pieces if isinstance(piece, Phrase)]


def _blanks(line: Line) -> list[Blank]:
    return [piece for piece in line.pieces if isinstance(piece, Blank)]


def _is_short(blank: Blank) -> bool:
    return _WIDTHS_PT[0] <= blank.width <= _WIDTHS_PT[1] and not blank.text


def _is_small(frame: Box) -> bool:
    return _WIDTHS_PT[0] <= frame.width <= _WIDTHS_PT[1] and _HEIGHTS_PT[0] <= frame.height <= _HEIGHTS_PT[1]


def _is_written_in(page: Page, frame: Box) -> bool:
    return any(frame.holds((phrase.x0 + phrase.x1) / 2, phrase.y + 2) for phrase in page.phrases())


def _rect(blank: Blank) -> Rect:
    return blank.x0, blank.y, blank.x1, blank.y + blank.size


def _found(page: Page, rect: Rect) -> Found:
    return Found(FieldType.INITIALS, page.number, tuple(rect), Ground.FOOT)  # type: ignore[arg-type]
