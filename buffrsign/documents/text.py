"""The text a reader of a PDF sees, as far as the file holds it as text."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

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
