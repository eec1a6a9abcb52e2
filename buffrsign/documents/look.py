"""What a document looks like: pictures of its first pages, small ones, to be compared with those of a copy."""

import time
from contextlib import closing
from hashlib import sha256

import msgspec
import pypdfium2
from pypdf import PdfReader

from buffrsign.documents.ladder import Rung, read_structure
from buffrsign.documents.pdfium import has_signature_field, page_count, shown
from buffrsign.documents.structure import fields, is_signature

WIDTH_PX = 256
MAX_HEIGHT_PX = 2048
FIRST_PAGES = 10
DRAWN_WITHIN_MS = 400
"""Of processor time. A copy takes as long once more, which leaves more than half of what a file may cost."""


class Look(msgspec.Struct, frozen=True):
    """How many pages there are, and a digest of the picture of each of the first ones.

    `is_signed`: a signature field holds a signature, or the catalog speaks of one that binds the document as a whole
    (`/Perms`; ISO 32000-2, 12.8.6). Whether it is valid is not asked.
    """

    pages: int
    pictures: tuple[str, ...]
    is_signed: bool


def look_at(data: bytes, *, pages: int = FIRST_PAGES, within_ms: int | None = None) -> Look:
    """Draw so many pages, each `WIDTH_PX` wide, as readers show them, with annotations and filled-in fields.

    With `within_ms` no further page is begun after so much processor time; the first is always drawn.

    Raises:
        Refused: it needs a password, is protected in another way, has no pages, or a form that cannot be walked.
    """
    with shown(data) as file:
        document = file.document
        rung, is_signed = read_structure(file, _is_signed, strict_first=False)
        if rung is not Rung.RENDER_ONLY:
            document.init_forms()
        pictures = tuple(_pictures(document, pages=pages, within_ms=within_ms))
        return Look(page_count(document), pictures, has_signature_field(document) if is_signed is None else is_signed)


def _is_signed(reader: PdfReader) -> bool:
    """MUST be asked before PDFium may draw fields: it refuses the trees that would keep PDFium busy for ever."""
    return any(map(is_signature, fields(reader))) or "/Perms" in reader.root_object


def _pictures(document: pypdfium2.PdfDocument, *, pages: int, within_ms: int | None) -> list[str]:
    began = time.process_time()
    drawn: list[str] = []
    for number in range(min(pages, page_count(document))):
        if drawn and within_ms is not None and (time.process_time() - began) * 1000 > within_ms:
            break
        drawn.append(_picture(document, number))
    return drawn


def _picture(document: pypdfium2.PdfDocument, number: int) -> str:
    with closing(document[number]) as page:
        width, height = page.get_size()
        scale = min(WIDTH_PX / width, MAX_HEIGHT_PX / height)
        with closing(page.render(scale=scale)) as bitmap:
            size = f"{bitmap.width} {bitmap.height} ".encode()
            return sha256(size + bitmap.to_pil().tobytes()).hexdigest()
