"""LibreOffice makes a PDF of one office file, in a process that writes one folder, reaches nothing, and ends."""

from buffrsign.documents.sandbox.libreoffice.limits import OfficeLimits
from buffrsign.documents.sandbox.libreoffice.program import LibreOffice, find_libreoffice

__all__ = ["LibreOffice", "OfficeLimits", "find_libreoffice"]
