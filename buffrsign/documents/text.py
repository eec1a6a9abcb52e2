"""The text a reader of a PDF sees, as far as the file holds it as text."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import msgspec
import pypdfium2

from buffrsign.documents.border import reads_pdf
from buffrsign.documents.pdfium import opened, page_count


@reads_pdf
def text_of(data: bytes, *, max_pages: int, max_characters: int) -> str:
    """The text of the first pages, one after another, cut after so many characters.

    Empty where the pages are pictures. Text outside the visible part of a page is left out.
    """
    with opened(data) as document:
        text = ""
        for page in islice(page_texts(document), max_pages):
            text += page
            if len(text) >= max_characters:
                break
    return text[:max_characters]


class PageTexts(msgspec.Struct, frozen=True):
    """The texts of the first pages, whole ones, of so many."""

    pages: int
    texts: tuple[str, ...]


@reads_pdf
def page_texts_of(data: bytes, *, max_pages: int, max_characters: int) -> PageTexts:
    """The text of each of the first pages, until one more would be too many characters."""
    with opened(data) as document:
        return PageTexts(len(document), first_texts(document, max_pages=max_pages, max_characters=max_characters))


def first_texts(document: pypdfium2.PdfDocument, *, max_pages: int, max_characters: int) -> tuple[str, ...]:
    """The same of a document that is open."""
    texts: list[str] = []
    left = max_characters
    for text in islice(page_texts(document), max_pages):
        left -= len(text)
        if left < 0:
            break
        texts.append(text)
    return tuple(texts)


def page_texts(document: pypdfium2.PdfDocument) -> Iterator[str]:
    r"""The text of each page, its lines ended by `\n`. A page that PDFium cannot load has none."""
    for number in range(page_count(document)):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            yield "\n"
            continue
        with closing(page), closing(page.get_textpage()) as text:
            yield text.get_text_bounded().replace("\r\n", "\n") + "\n"
