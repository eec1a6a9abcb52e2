"""A PDF opened with PDFium: one at a time in a process, and closed for certain."""

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref
from dataclasses import dataclass
from io import BytesIO
from itertools import takewhile
from threading import Lock

import pypdfium2
import pypdfium2.raw as pdfium_c

from buffrsign.documents.border import Refused, attempt
from buffrsign.documents.outcome import MAX_PAGES, Reason
from buffrsign.documents.rebuilding import rebuilt

_REASONS = {pdfium_c.FPDF_ERR_PASSWORD: Reason.ENCRYPTED, pdfium_c.FPDF_ERR_SECURITY: Reason.UNSUPPORTED}
_NOT_ENCRYPTED = -1

_one_at_a_time = Lock()  # PDFium is not thread-safe


@dataclass(frozen=True)
class Shown:
    """A document as PDFium shows it, and the bytes that it is read from: the file, or what qpdf made of it."""

    document: pypdfium2.PdfDocument
    data: bytes
    is_rebuilt: bool


@contextmanager
def opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document, opened with the empty password where it is encrypted; closed with all its pages after the block.

    What PDFium cannot open, or finds no page in, is opened as qpdf understands it.

    Raises:
        Refused: it needs a password, is protected in a way that PDFium does not know, is damaged or has no pages.
    """
    with shown(data) as file:
        yield file.document


@contextmanager
def shown(data: bytes) -> Iterator[Shown]:
    """The same, with the bytes that were opened in the end."""
    with _one_at_a_time, _first_that_opens(data) as file:
        yield file


@contextmanager
def _first_that_opens(data: bytes) -> Iterator[Shown]:
    handle = _handle(data)
    if handle is not None:
        with pypdfium2.PdfDocument(handle) as document:
            if page_count(document):
                yield Shown(document, data, is_rebuilt=False)
                return
    copy = attempt(lambda: rebuilt(data))
    handle = _handle(copy) if copy is not None else None
    if copy is None or handle is None:
        raise Refused(Reason.DAMAGED)
    with pypdfium2.PdfDocument(handle) as document:
        if not page_count(document):
            raise Refused(Reason.DAMAGED)
        yield Shown(document, copy, is_rebuilt=True)


def _handle(data: bytes) -> pdfium_c.FPDF_DOCUMENT | None:
    """The raw document, which reads from `data` as long as it is open; None where PDFium makes nothing of it.

    Not left to pypdfium2: for a document without pages it reports the reason of whichever failed before, and leaks.

    Raises:
        Refused: it is protected, and does not open.
    """
    handle = pdfium_c.FPDF_LoadMemDocument64(data, len(data), None)
    if handle:
        return handle
    reason = _REASONS.get(pdfium_c.FPDF_GetLastError())
    if reason is not None:
        raise Refused(reason)
    return None


def page_count(document: pypdfium2.PdfDocument) -> int:
    """The pages that PDFium finds, as many as people see; no more than `MAX_PAGES` + 1 are looked for.

    PDFium takes a positive `/Count` at its word, so it is asked for the last of these pages, and where that is not
    there, for one after another.
    """
    claimed = min(len(document), MAX_PAGES + 1)
    if claimed == 0 or _has_page(document, claimed - 1):
        return claimed
    return sum(1 for _ in takewhile(lambda number: _has_page(document, number), range(claimed)))


def _has_page(document: pypdfium2.PdfDocument, number: int) -> bool:
    return bool(pdfium_c.FPDF_GetPageSizeByIndexF(document, number, byref(pdfium_c.FS_SIZEF())))


def is_encrypted(document: pypdfium2.PdfDocument) -> bool:
    """Whether the opened document is encrypted."""
    return bool(pdfium_c.FPDF_GetSecurityHandlerRevision(document) != _NOT_ENCRYPTED)


def has_form(document: pypdfium2.PdfDocument) -> bool:
    """Whether PDFium knows of a form."""
    return bool(document.get_formtype() != pdfium_c.FORMTYPE_NONE)


def has_signature_field(document: pypdfium2.PdfDocument) -> bool:
    """Whether PDFium knows of a field for a signature that is signed."""
    return bool(pdfium_c.FPDF_GetSignatureCount(document) > 0)


def in_clear(document: pypdfium2.PdfDocument, data: bytes) -> bytes:
    """The opened document's bytes, written anew without encryption where it is encrypted.

    pypdf then needs no cryptography of its own. Only for looking at: signatures do not survive the rewriting.
    """
    if not is_encrypted(document):
        return data
    copy = BytesIO()
    document.save(copy, flags=pdfium_c.FPDF_REMOVE_SECURITY)
    return copy.getvalue()
