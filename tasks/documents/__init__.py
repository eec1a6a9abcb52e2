"""How a document is looked at: inspected, pictured, searched, analysed; whoever completes the set asks for the check.

On demand it is copied without what acts in it, and completed with a certificate.
"""

from tasks.documents.analysis import analyse_document
from tasks.documents.completing import complete_document
from tasks.documents.fields import detect_fields
from tasks.documents.inspection import CLAIM_SCAN_CHARACTERS, CLAIM_SCAN_PAGES, inspect_document
from tasks.documents.previews import render_previews
from tasks.documents.sanitising import sanitise_document
from tasks.documents.thumbnails import render_thumbnails

__all__ = [
    "CLAIM_SCAN_CHARACTERS",
    "CLAIM_SCAN_PAGES",
    "analyse_document",
    "complete_document",
    "detect_fields",
    "inspect_document",
    "render_previews",
    "render_thumbnails",
    "sanitise_document",
]
