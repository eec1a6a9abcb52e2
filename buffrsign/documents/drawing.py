"""A page as PDFium draws it, upright, cropped and with filled-in fields, for as long as there is patience."""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import process_time

import pypdfium2
import pypdfium2.internal as pdfium_i
import pypdfium2.raw as pdfium_c
from PIL import Image

from buffrsign.documents.border import Refused
from buffrsign.documents.ladder import Rung, read_structure
from buffrsign.documents.outcome import Reason
from buffrsign.documents.pdfium import Shown, has_form, shown
from buffrsign.documents.structure import fields

_FLAGS = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER
_WHITE = (255, 255, 255, 255)
_UPRIGHT = 0  # as the page itself says
_HAIR = 0.001  # PDFium rounds up: without it an edge could come out one pixel longer than asked


class _Patience:
    """Tells PDFium, which asks every hundred objects of a page, when to stop drawing.

    One for the process, made when it loads this module: a callback takes memory that can be run, and a child cannot
    look for that any more. `shown` lets one document at a time be drawn.
    """

    def __init__(self) -> None:
        self.until = math.inf
        self.asked = pdfium_c.IFSDK_PAUSE(version=1)
        pdfium_i.set_callback(self.asked, "NeedToPauseNow", lambda _: process_time() > self.until)


_patience = _Patience()


@contextmanager
def drawable(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document, ready for `draw`; as `shown`, and raises the same."""
    with shown(data) as file:
        _prepare_forms(file)
        yield file.document


def draw(
    document: pypdfium2.PdfDocument, page: int, *, width_px: int, longest_px: int, until: float = math.inf
) -> Image.Image:
    """The page, counted from 0: so wide, or narrower where an edge would be longer than `longest_px`. Mode `RGBX`.

    Raises:
        Refused: it was not done when `process_time` said `until`. Parsing a page and drawing one object of it cannot
            be interrupted.
        Exception: whatever pypdfium2 raises, for example where the page is not there.
    """
    with closing(document[page]) as opened:
        size = _pixels(opened.get_size(), width_px=width_px, longest_px=longest_px)
        with closing(pypdfium2.PdfBitmap.new_native(*size, pdfium_c.FPDFBitmap_BGRx, rev_byteorder=True)) as bitmap:
            bitmap.fill_rect(_WHITE, 0, 0, *size)
            where = (bitmap, opened, 0, 0, *size, _UPRIGHT, _FLAGS)
            _draw_within(where, until)
            if document.formenv:
                pdfium_c.FPDF_FFLDraw(document.formenv, *where)
            picture: Image.Image = bitmap.to_pil()
            return picture


def _prepare_forms(file: Shown) -> None:
    """Let PDFium draw the values of fields, among them the look of signatures; before the first page is loaded.

    The fields MUST be asked for first: that refuses the trees that would keep PDFium busy for ever. Where nothing but
    PDFium can read the file, nobody knows, and fields are left out. Without a form there is no tree to walk, and
    reading the file once more may cost more than drawing a page.
    """
    if not has_form(file.document):
        return
    rung, _ = read_structure(file, fields, strict_first=False)
    if rung is not Rung.RENDER_ONLY:
        file.document.init_forms()


def _pixels(size: tuple[float, float], *, width_px: int, longest_px: int) -> tuple[int, int]:
    width, height = size
    scale = min((width_px - _HAIR) / width, (longest_px - _HAIR) / max(width, height))
    return math.ceil(width * scale), math.ceil(height * scale)


def _draw_within(where: tuple[object, ...], until: float) -> None:
    _, page, *_ = where
    _patience.until = until
    status = pdfium_c.FPDF_RenderPageBitmap_Start(*where, _patience.asked)
    pdfium_c.FPDF_RenderPage_Close(page)
    if status == pdfium_c.FPDF_RENDER_TOBECONTINUED:
        raise Refused(Reason.RESOURCE_LIMIT)
    if status != pdfium_c.FPDF_RENDER_DONE:
        raise Refused(Reason.DAMAGED)
