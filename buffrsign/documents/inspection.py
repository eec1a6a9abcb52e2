"""Whether a file is a PDF that people can open, and the facts about it that later steps and the law ask for."""

import re
from hashlib import sha256
from itertools import islice

import msgspec
import pypdfium2
from pypdf import PdfReader

from buffrsign.documents.border import reads_pdf
from buffrsign.documents.pdfium import in_clear, is_encrypted, opened
from buffrsign.documents.structure import count_pages, fields, has_xfa, is_signature, reading
from buffrsign.documents.text import page_texts

MAX_PAGE_SIZES = 100
_TEXT_WITHIN_PAGES = 20
_VERSION = re.compile(r"[12]\.[0-9]")


class PageSize(msgspec.Struct, frozen=True):
    """The visible part of a page, turned and cropped as it is shown, in points (1/72 inch; UserUnit is not applied)."""

    width_pt: float
    height_pt: float


class Inspected(msgspec.Struct, frozen=True):
    """What is known of a readable PDF.

    `page_sizes` are those of the first `MAX_PAGE_SIZES` pages. `encrypted` means that it is protected and opens
    without a password all the same. `text_extractable` looks at the first 20 pages.
    """

    sha256: str
    size_bytes: int
    pages: int
    page_sizes: tuple[PageSize, ...]
    pdf_version: str | None
    encrypted: bool
    text_extractable: bool
    has_forms: bool
    has_signatures: bool


@reads_pdf
def inspect(data: bytes) -> Inspected:
    """Look at a document twice: PDFium says what a reader sees, pypdf what the file is made of.

    A file that one of the two cannot read is `Unreadable`. Costs milliseconds as a rule, 0.4 s for
    5,000 short pages and up to 5 s for 64 MiB of nonsense (measured on 2 cores).
    """
    with opened(data) as document:
        encrypted = is_encrypted(document)
        clear = in_clear(document, data)
        page_sizes = _page_sizes(document)
        text_extractable = _has_text(document)
    with reading(clear) as reader:
        form = fields(reader)
        return Inspected(
            sha256=sha256(data).hexdigest(),
            size_bytes=len(data),
            pages=count_pages(reader),
            page_sizes=page_sizes,
            pdf_version=_version(data, reader),
            encrypted=encrypted,
            text_extractable=text_extractable,
            has_forms=bool(form) or has_xfa(reader),
            has_signatures=any(map(is_signature, form)),
        )


def _page_sizes(document: pypdfium2.PdfDocument) -> tuple[PageSize, ...]:
    sizes = [document.get_page_size(number) for number in range(min(len(document), MAX_PAGE_SIZES))]
    return tuple(PageSize(round(width, 2), round(height, 2)) for width, height in sizes)


def _has_text(document: pypdfium2.PdfDocument) -> bool:
    return any(text.strip() for text in islice(page_texts(document), _TEXT_WITHIN_PAGES))


def _version(data: bytes, reader: PdfReader) -> str | None:
    """What the header says, or the catalog where that is later (ISO 32000-1, 7.5.2); None if neither is a version."""
    header = data[data.index(b"%PDF-") :][5:8].decode("latin-1")
    claimed = [header, str(reader.root_object.get("/Version", "")).removeprefix("/")]
    return max((version for version in claimed if _VERSION.fullmatch(version)), default=None)
