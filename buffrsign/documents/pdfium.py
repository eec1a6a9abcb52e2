"""A PDF opened with PDFium: one at a time in a process, and closed for certain."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

import pypdfium2
import pypdfium2.raw as pdfium_c

from buffrsign.documents.border import Refused
from buffrsign.documents.outcome import Reason

_REASONS = {pdfium_c.FPDF_ERR_PASSWORD: Reason.ENCRYPTED, pdfium_c.FPDF_ERR_SECURITY: Reason.UNSUPPORTED}
_NOT_ENCRYPTED = -1

_one_at_a_time = Lock()  # PDFium is not thread-safe


@contextmanager
def opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document, opened with the empty password where it is encrypted; closed with all its pages after the block.

    Raises:
        Refused: it needs a password, is protected in a way that PDFium does not know, is damaged or has no pages.
    """
    with _one_at_a_time, pypdfium2.PdfDocument(_handle(data)) as document:
        if len(document) == 0:
            raise Refused(Reason.DAMAGED)
        yield document


def _handle(data: bytes) -> pdfium_c.FPDF_DOCUMENT:
    """The raw document, which reads from `data` as long as it is open.

    Not left to pypdfium2: for a document without pages it reports the reason of whichever failed before, and leaks.
    """
    handle = pdfium_c.FPDF_LoadMemDocument64(data, len(data), None)
    if not handle:
        raise Refused(_REASONS.get(pdfium_c.FPDF_GetLastError(), Reason.DAMAGED))
    return handle


def is_encrypted(document: pypdfium2.PdfDocument) -> bool:
    """Whether the opened document is encrypted."""
    return bool(pdfium_c.FPDF_GetSecurityHandlerRevision(document) != _NOT_ENCRYPTED)


def in_clear(document: pypdfium2.PdfDocument, data: bytes) -> bytes:
    """The opened document's bytes, written anew without encryption where it is encrypted.

    pypdf then needs no cryptography of its own. Only for looking at: signatures do not survive the rewriting.
    """
    if not is_encrypted(document):
        return data
    copy = BytesIO()
    document.save(copy, flags=pdfium_c.FPDF_REMOVE_SECURITY)
    return copy.getvalue()
