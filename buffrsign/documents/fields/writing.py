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

Corners = tuple[float, float, float, float]


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
    ruler = _Ruler(text_page, text)
    for found in _UNITS.finditer(text):
        word, first = found.group().rstrip(), found.start()
        placed = _word(word, ruler, first, first + len(word) - 1, shown)
        if placed is not None:
            yield placed


def _word(text: str, ruler: "_Ruler", first: int, last: int, shown: Upright) -> Word | None:
    begins = ruler.box(first)
    ends = ruler.box(last) if last > first else begins
    base = ruler.origin(first)
    if begins is None or ends is None or base is None:
        return None
    if shown.turns:
        begins, ends = shown.box(*begins), shown.box(*ends)
        y = shown.point(*base)[1]
        x0, x1 = min(begins[0], ends[0]), max(begins[2], ends[2])
    else:
        y = base[1] - shown.bottom
        x0, x1 = min(begins[0], ends[0]) - shown.left, max(begins[2], ends[2]) - shown.left
    size = begins[3] - begins[1]
    is_visible = 0 <= (x0 + x1) / 2 <= shown.width and 0 <= y <= shown.height
    return Word(text, x0, y, x1, size) if is_visible and size > 1 else None


class _Ruler:
    """Asks PDFium where characters are, by their place in the text; its buffers are used again for each.

    A page has hundreds of words, and making buffers would take longer than the asking.
    """

    def __init__(self, text_page: pypdfium2.PdfTextPage, text: str) -> None:
        handle = text_page.raw
        self._index = _indexing(handle, text)
        box, x, y = pdfium_c.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
        at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
        get_box, get_origin = pdfium_c.FPDFText_GetLooseCharBox, pdfium_c.FPDFText_GetCharOrigin

        def box_of(index: int) -> Corners | None:
            return (box.left, box.bottom, box.right, box.top) if get_box(handle, index, at_box) else None

        def origin_of(index: int) -> tuple[float, float] | None:
            return (x.value, y.value) if get_origin(handle, index, at_x, at_y) else None

        self._box_of, self._origin_of = box_of, origin_of

    def box(self, position: int) -> Corners | None:
        """Left, lower, right and upper edge of the character's room in its line, on the page as it is stored."""
        return self._box_of(self._index(position))

    def origin(self, position: int) -> tuple[float, float] | None:
        """Where it stands on its baseline."""
        return self._origin_of(self._index(position))


def _indexing(handle: pdfium_c.FPDF_TEXTPAGE, text: str) -> Callable[[int], int]:
    """From places in the text to those in PDFium's list of characters, of which some pages' texts leave some out."""
    if pdfium_c.FPDFText_CountChars(handle) == len(text):
        return int
    to_index = pdfium_c.FPDFText_GetCharIndexFromTextIndex
    return lambda position: int(to_index(handle, position))
