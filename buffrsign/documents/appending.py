"""Pages of ours behind a document of somebody else's, which keeps its own as they are."""

import msgspec

from buffrsign.documents.border import Refused, reads_file, reads_pdf
from buffrsign.documents.look import DRAWN_WITHIN_MS, FIRST_PAGES, look_at
from buffrsign.documents.outcome import Reason, Unreadable
from buffrsign.documents.rewriting import LeftAlone, looks_the_same, opened_to_rewrite, written
from buffrsign.documents.structure import count_pages, reading


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """The document with the pages behind it, or why there is none: then `pdf` is empty, and `pages` are its own.

    `added`: how many of `pages` are ours. `compared`: so many of the document's own, the first ones, look the same to
    the pixel at 256 pixels' width.
    """

    pdf: bytes
    left_alone: LeftAlone | None
    pages: int
    added: int
    compared: int


@reads_file
def append_pages(
    data: bytes, *, first_bytes: int, compare_pages: int = FIRST_PAGES, compare_ms: int = DRAWN_WITHIN_MS
) -> Appended | Unreadable:
    """Append the pages of a second PDF; both come in one, the document in the first `first_bytes`.

    Outlines, page labels, form and metadata are the document's. A signed one is left alone: a new page
    is none of the changes that a signature can permit (ISO 32000-2, 12.8.2.2), and readers say so.
    """
    return _append(data[:first_bytes], data[first_bytes:], compare_pages=compare_pages, compare_ms=compare_ms)


@reads_pdf
def _append(document: bytes, ours: bytes, *, compare_pages: int, compare_ms: int) -> Appended:
    before = look_at(document, pages=compare_pages, within_ms=compare_ms)
    compared = len(before.pictures)
    if before.is_signed:
        return Appended(pdf=b"", left_alone=LeftAlone.SIGNED, pages=before.pages, added=0, compared=compared)
    with opened_to_rewrite(document) as pdf, opened_to_rewrite(ours) as appendix:
        added = len(appendix.pages)
        pdf.pages.extend(appendix.pages)
        whole = written(pdf)
    if not looks_the_same(before, whole, added=added):
        return Appended(pdf=b"", left_alone=LeftAlone.LOOK_CHANGED, pages=before.pages, added=0, compared=compared)
    with reading(whole) as reader:
        if count_pages(reader) != before.pages + added:
            raise Refused(Reason.DAMAGED)
    return Appended(pdf=whole, left_alone=None, pages=before.pages + added, added=added, compared=compared)
