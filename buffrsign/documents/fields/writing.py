"""The words of a page with their places, read from PDFium: one call for all characters, three for each word."""

import ctypes
import re
from collections.abc import Callable, Iterator

import pypdfium2
import pypdfium2.raw as pdfium_c

from buffrsign.documents.fields.geometry import Word
from buffrsign.documents.fields.upright import Upright

MAX_CHARACTERS = 20_000
"""Of one page; what stands behind them is not read."""

TICKS = "☐□❏❐❑❒◻▢"
TICKED = "☒☑✓✔"
_BRACKETS = r"\[(?: {0,5}|_+)\]|\( {1,5}\)"
_DOTS = r"(?<=\d\d)\.{3,}|[.·]{4,}"
_UNITS = re.compile(
    rf"{_BRACKETS}|\[[xX]\]|[{TICKS}{TICKED}]|_+|{_DOTS}|(?:[.·] ?){{4,}}|…+|[-–—]{{4,}}"
    rf"|[^\s_…{TICKS}{TICKED}]+?(?=_|…|{_DOTS}|[-–—]{{4,}}|[{TICKS}{TICKED}]|{_BRACKETS}|\s|$)"
)

Place = tuple[float, float, float, float]
"""Left edge, baseline and right edge of a word on the page as it is shown, and the height of its line."""


def text_of_page(text_page: pypdfium2.PdfTextPage) -> str:
    """The characters, one for each 16-bit unit, so that positions are those of PDFium's text."""
    count = min(pdfium_c.FPDFText_CountChars(text_page), MAX_CHARACTERS)
    if count <= 0:
        return ""
    units = (ctypes.c_ushort * (count + 1))()
    written = pdfium_c.FPDFText_GetText(text_page, 0, count, units)
    return "".join(map(chr, units[: max(0, written - 1)]))


def words_of(text_page: pypdfium2.PdfTextPage, text: str, shown: Upright) -> Iterator[Word]:
    """Each word, run of underscores or dots, and mark to tick, if it is on the visible page and stands upright."""
    place_of = _places(text_page, text, shown)
    width, height = shown.width, shown.height
    for found in _UNITS.finditer(text):
        word, first = found.group().rstrip(), found.start()
        place = place_of(first, first + len(word) - 1)
        if place is None:
            continue
        x0, y, x1, size = place
        if size > 1 and 0 <= y <= height and 0 <= (x0 + x1) / 2 <= width:
            yield Word(word, x0, y, x1, size)


def _places(text_page: pypdfium2.PdfTextPage, text: str, shown: Upright) -> Callable[[int, int], Place | None]:
    """Asks PDFium where a word is, by the places of its first and last character in the text.

    A page has hundreds of words, and for each of them a new buffer, or one more call within Python, would take longer
    than the asking.
    """
    handle, index = text_page.raw, _indexing(text_page.raw, text)
    begin, end, x, y = pdfium_c.FS_RECTF(), pdfium_c.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_begin, at_end, at_x, at_y = map(ctypes.byref, (begin, end, x, y))
    get_box, get_origin = pdfium_c.FPDFText_GetLooseCharBox, pdfium_c.FPDFText_GetCharOrigin
    turns, left, bottom = shown.turns, shown.left, shown.bottom

    def place_of(first: int, last: int) -> Place | None:
        at = index(first)
        if not (
            get_box(handle, at, at_begin)
            and get_box(handle, index(last) if last > first else at, at_end)
            and get_origin(handle, at, at_x, at_y)
        ):
            return None
        if turns:
            begins, ends = (shown.box(each.left, each.bottom, each.right, each.top) for each in (begin, end))
            _, base = shown.point(x.value, y.value)
            return min(begins[0], ends[0]), base, max(begins[2], ends[2]), begins[3] - begins[1]
        x0, x1 = min(begin.left, end.left), max(begin.right, end.right)
        return x0 - left, y.value - bottom, x1 - left, begin.top - begin.bottom

    return place_of


def _indexing(handle: pdfium_c.FPDF_TEXTPAGE, text: str) -> Callable[[int], int]:
    """From places in the text to those in PDFium's list of characters, of which some pages' texts leave some out."""
    if pdfium_c.FPDFText_CountChars(handle) == len(text):
        return int
    to_index = pdfium_c.FPDFText_GetCharIndexFromTextIndex
    return lambda position: int(to_index(handle, position))
