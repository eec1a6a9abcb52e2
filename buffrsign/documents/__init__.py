"""What can be told about a PDF: pure functions, bytes in and a frozen value out, so that each can run in a child."""

from buffrsign.documents.appending import Appended, append_pages
from buffrsign.documents.inspection import MAX_PAGE_SIZES, Inspected, PageSize, inspect
from buffrsign.documents.outcome import MAX_BYTES, MAX_PAGES, MAX_PIXELS, Reason, Unreadable
from buffrsign.documents.picture import Picture, picture_facts
from buffrsign.documents.render import MAX_EDGE_PX, Thumbnail, render_thumbnail
from buffrsign.documents.rewriting import LeftAlone
from buffrsign.documents.sanitise import Active, Sanitised, sanitise
from buffrsign.documents.text import text_of

__all__ = [
    "MAX_BYTES",
    "MAX_EDGE_PX",
    "MAX_PAGES",
    "MAX_PAGE_SIZES",
    "MAX_PIXELS",
    "Active",
    "Appended",
    "Inspected",
    "LeftAlone",
    "PageSize",
    "Picture",
    "Reason",
    "Sanitised",
    "Thumbnail",
    "Unreadable",
    "append_pages",
    "inspect",
    "picture_facts",
    "render_thumbnail",
    "sanitise",
    "text_of",
]
