"""Office files are told by what is in them, and never by what they are called; LibreOffice then makes PDFs of them."""

from buffrsign.documents.office.kind import OfficeFile, OfficeKind
from buffrsign.documents.office.recognition import recognise_office

__all__ = ["OfficeFile", "OfficeKind", "recognise_office"]
