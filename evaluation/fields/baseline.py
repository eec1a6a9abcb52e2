"""What is to be beaten: a rule of five lines, that every run of underscores or dots and every long line is a field."""

from contextlib import closing

import pypdfium2

from buffrsign.documents.border import reads_pdf
from buffrsign.documents.fields import Field, FieldType
from buffrsign.documents.fields.geometry import Blank
from buffrsign.documents.fields.lines import lines_of
from buffrsign.documents.fields.strokes import strokes_of
from buffrsign.documents.fields.upright import upright
from buffrsign.documents.fields.vocabulary import kind_of
from buffrsign.documents.fields.writing import text_of_page, words_of
from buffrsign.documents.pdfium import opened

_LONGEST_PT = 300.0


@reads_pdf
def plain_fields(data: bytes) -> tuple[Field, ...]:
    """Every blank of every page; its type is what the word before it says, else it is a signature."""
    with opened(data) as document:
        return tuple(found for number in range(len(document)) for found in _on_page(document, number))


def _on_page(document: pypdfium2.PdfDocument, number: int) -> list[Field]:
    with closing(document[number]) as page, closing(page.get_textpage()) as text_page:
        shown = upright(page)
        words = list(words_of(text_page, text_of_page(text_page), shown))
        strokes = strokes_of(page, shown)
    found = []
    for line in lines_of(words, strokes):
        before = ""
        for piece in line.pieces:
            if isinstance(piece, Blank) and piece.width < _LONGEST_PT:
                rect = (piece.x0, piece.y, piece.x1, piece.y + piece.size)
                kind = kind_of(before[-20:]) or FieldType.SIGNATURE
                found.append(Field(kind, number + 1, rect, None, filled=False, confidence=0.5, reason="a blank"))
            before = getattr(piece, "text", "")
    return found
