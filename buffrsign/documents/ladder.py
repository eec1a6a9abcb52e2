"""The rungs down which a file's structure is read, until one holds."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TypeVar

from pypdf import PdfReader

from buffrsign.documents.border import attempt
from buffrsign.documents.pdfium import Shown, in_clear
from buffrsign.documents.rebuilding import rebuilt
from buffrsign.documents.structure import reading

Found = TypeVar("Found")


class Rung(StrEnum):
    """How the file had to be read, from the best to the last."""

    STRICT = "strict"
    LENIENT = "lenient"
    REBUILT = "rebuilt"
    RENDER_ONLY = "render_only"


def read_structure(
    file: Shown, ask: Callable[[PdfReader], Found], *, strict_first: bool = True
) -> tuple[Rung, Found | None]:
    """What `ask` finds in the document, and the rung that held; nothing on the last one, where only pictures are known.

    A file that PDFium opened only when rebuilt stands on that rung, whatever pypdf says. A protected one is judged by
    its copy in clear. Whoever does not ask for the rung saves the strict reading.

    Raises:
        Refused, MemoryError: `ask` refuses the document, or there is not enough memory.
    """
    clear = in_clear(file.document, file.data)
    for rung in _rungs(file, strict_first=strict_first):
        if (found := attempt(partial(_asked, clear, ask, rung=rung))) is not None:
            return Rung.REBUILT if file.is_rebuilt else rung, found
    return Rung.RENDER_ONLY, None


def _rungs(file: Shown, *, strict_first: bool) -> list[Rung]:
    """Those that may hold: a rebuilt file needs no second rebuilding, and stands lower than any strictness."""
    if file.is_rebuilt:
        return [Rung.LENIENT]
    below = [Rung.LENIENT, Rung.REBUILT]
    return [Rung.STRICT, *below] if strict_first else below


def _asked(data: bytes, ask: Callable[[PdfReader], Found], *, rung: Rung) -> Found:
    held = rebuilt(data) if rung is Rung.REBUILT else data
    with reading(held, strict=rung is Rung.STRICT) as reader:
        return ask(reader)
