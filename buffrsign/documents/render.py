"""The small picture of a page: what a person sees, as a PNG."""

from contextlib import closing
from io import BytesIO

import msgspec
import pypdfium2

from buffrsign.documents.border import reads_pdf
from buffrsign.documents.ladder import Rung, read_structure
from buffrsign.documents.pdfium import Shown, has_form, shown
from buffrsign.documents.structure import fields

MAX_EDGE_PX = 4000
_HAIR = 0.001  # PDFium rounds up: without it an edge could come out one pixel longer than asked


class Thumbnail(msgspec.Struct, frozen=True):
    """A page's picture. `png` holds no metadata."""

    png: bytes
    width_px: int
    height_px: int


@reads_pdf
def render_thumbnail(data: bytes, *, page: int = 0, width_px: int = 256) -> Thumbnail:
    """The picture of a page, counted from 0: so wide, turned and cropped as readers show it, with filled-in fields.

    Narrower than asked where an edge would be longer than `MAX_EDGE_PX`. A page that is not there counts as damaged.
    """
    with shown(data) as file:
        _prepare_forms(file)
        with closing(file.document[page]) as drawn:
            scale = _scale(drawn.get_size(), width_px)
            with closing(drawn.render(scale=scale, rev_byteorder=True)) as bitmap:
                return Thumbnail(_png(bitmap), bitmap.width, bitmap.height)


def _prepare_forms(file: Shown) -> None:
    """Let PDFium draw the values of fields, among them the look of signatures; before the first page is loaded.

    The fields MUST be asked for first: that refuses the trees that would keep PDFium busy for ever. Where nothing but
    PDFium can read the file, nobody knows, and fields are left out.
    """
    if not has_form(file.document):
        return
    rung, _ = read_structure(file, fields, strict_first=False)
    if rung is not Rung.RENDER_ONLY:
        file.document.init_forms()


def _scale(size: tuple[float, float], width_px: int) -> float:
    width, height = size
    return min((width_px - _HAIR) / width, (MAX_EDGE_PX - _HAIR) / max(width, height))


def _png(bitmap: pypdfium2.PdfBitmap) -> bytes:
    file = BytesIO()
    bitmap.to_pil().save(file, format="PNG", optimize=True)
    return file.getvalue()
