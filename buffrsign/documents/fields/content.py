"""A page's words, lines and strokes, read from PDFium."""

from contextlib import closing

import pypdfium2

from buffrsign.documents.fields.geometry import Page
from buffrsign.documents.fields.lines import lines_of
from buffrsign.documents.fields.ruled import has_rules
from buffrsign.documents.fields.strokes import strokes_of
from buffrsign.documents.fields.upright import upright
from buffrsign.documents.fields.vocabulary import asks, may_ask
from buffrsign.documents.fields.writing import text_of_page, words_of


def content_of(page: pypdfium2.PdfPage, number: int) -> Page:
    """All that the rules look at. `number` counts from 1."""
    with closing(page.get_textpage()) as text_page:
        return _read(page, text_page, text_of_page(text_page), number)


def content_if_asking(page: pypdfium2.PdfPage, number: int) -> Page | None:
    """The same; None if the text has no cue, and not both a word that labels fields and a drawn line.

    To find that out takes a tenth of the time that the content does.
    """
    with closing(page.get_textpage()) as text_page:
        text = text_of_page(text_page)
        if asks(text) or (may_ask(text) and has_rules(strokes_of(page, upright(page)))):
            return _read(page, text_page, text, number)
    return None


def _read(page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, text: str, number: int) -> Page:
    shown = upright(page)
    strokes = strokes_of(page, shown)
    lines = lines_of(words_of(text_page, text, shown), strokes)
    return Page(number, shown.width, shown.height, lines, strokes)
