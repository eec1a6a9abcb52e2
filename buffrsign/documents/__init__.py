"""What can be told about a PDF: pure functions, bytes in and a frozen value out, so that each can run in a child."""

from buffrsign.documents.appending import Appended, append_pages
from buffrsign.documents.fields import Field, Fields, FieldType, Owner, find_fields
from buffrsign.documents.inspection import MAX_PAGE_SIZES, Inspected, PageSize, inspect
from buffrsign.documents.ladder import Rung
from buffrsign.documents.office import OfficeFile, OfficeKind, recognise_office
from buffrsign.documents.outcome import MAX_BYTES, MAX_PAGES, MAX_PIXELS, Reason, Unreadable
from buffrsign.documents.pages import SIZES, DrawnPage, DrawnPages, Look, PagePicture, draw_pages
from buffrsign.documents.picture_pdf import PicturePdf, picture_to_pdf
from buffrsign.documents.rewriting import LeftAlone
from buffrsign.documents.sanitise import Active, Sanitised, sanitise
from buffrsign.documents.survey import Structure
from buffrsign.documents.text import text_of

__all__ = [
    "MAX_BYTES",
    "MAX_PAGES",
    "MAX_PAGE_SIZES",
    "MAX_PIXELS",
    "SIZES",
    "Active",
    "Appended",
    "DrawnPage",
    "DrawnPages",
    "Field",
    "FieldType",
    "Fields",
    "Inspected",
    "LeftAlone",
    "Look",
    "OfficeFile",
    "OfficeKind",
    "Owner",
    "PagePicture",
    "PageSize",
    "PicturePdf",
    "Reason",
    "Rung",
    "Sanitised",
    "Structure",
    "Unreadable",
    "append_pages",
    "draw_pages",
    "find_fields",
    "inspect",
    "picture_to_pdf",
    "recognise_office",
    "sanitise",
    "text_of",
]
