"""What a ZIP is as an office file: by its main part (ECMA-376, part 2) or its media type (ODF 1.2, part 3)."""

import re

from buffrsign.documents.border import Refused
from buffrsign.documents.office.kind import OfficeFile, OfficeKind
from buffrsign.documents.office.zip_folder import ZipFolder, first_name
from buffrsign.documents.outcome import Reason

_CONTENT_TYPES, _MIMETYPE, _MANIFEST = "[Content_Types].xml", "mimetype", "META-INF/manifest.xml"
_FIRST_OF_OFFICE = (_CONTENT_TYPES, "_rels/.rels", "docProps/", "word/", "xl/", "ppt/", "customXml/")

_MAIN_PARTS = {
    OfficeKind.DOCX: ("wordprocessingml.document", "wordprocessingml.template", "ms-word.document", "ms-word.template"),
    OfficeKind.XLSX: ("spreadsheetml.sheet", "spreadsheetml.template", "ms-excel.sheet", "ms-excel.template"),
    OfficeKind.PPTX: (
        *("presentationml.presentation", "presentationml.slideshow", "presentationml.template"),
        *("ms-powerpoint.presentation", "ms-powerpoint.slideshow", "ms-powerpoint.template"),
    ),
}
_MAIN_PART = re.compile(
    rb"""ContentType\s*=\s*["']application/vnd\.(?:openxmlformats-officedocument\.)?"""
    rb"""([a-z-]+\.[a-z]+)(?:\.macroEnabled(?:Template)?)?\.main\+xml["']""",
    re.IGNORECASE,
)
_MEDIA_TYPES = {
    b"text": OfficeKind.ODT,
    b"spreadsheet": OfficeKind.ODS,
    b"presentation": OfficeKind.ODP,
}
_MEDIA_TYPE = re.compile(rb"application/vnd\.oasis\.opendocument\.([a-z]+)(?:-template)?\s*\Z")
_ENCRYPTED = re.compile(rb"<(?:[\w.-]+:)?encryption-data[\s/>]")

_MACROS_OF_OOXML = re.compile(r"vbaProject\.bin\Z|/macrosheets/", re.IGNORECASE)
_MACROS_OF_ODF = ("Basic/", "Scripts/")


def recognise_package(data: bytes) -> OfficeFile:
    """What this ZIP is.

    Raises:
        Refused: it is no office file (unsupported), needs a password (encrypted), is cut off or otherwise damaged, or
            has too much in it.
    """
    try:
        folder = ZipFolder(data)
    except Refused as refused:
        if refused.outcome.reason is Reason.DAMAGED and not _begins_like_office(data):
            raise Refused(Reason.UNSUPPORTED) from refused
        raise
    if (kind := _odf_kind(folder)) is not None:
        if _ENCRYPTED.search(folder.read(_MANIFEST) or b""):
            raise Refused(Reason.ENCRYPTED)
        return OfficeFile(kind, any(name.startswith(_MACROS_OF_ODF) for name in folder.names))
    if (kind := _ooxml_kind(folder)) is not None:
        return OfficeFile(kind, any(map(_MACROS_OF_OOXML.search, folder.names)))
    raise Refused(Reason.UNSUPPORTED)


def _begins_like_office(data: bytes) -> bool:
    name = first_name(data)
    return name.startswith(_FIRST_OF_OFFICE) or (name == _MIMETYPE and b"opendocument" in data[:200])


def _odf_kind(folder: ZipFolder) -> OfficeKind | None:
    found = _MEDIA_TYPE.match(folder.read(_MIMETYPE) or b"")
    return _MEDIA_TYPES.get(found[1]) if found else None


def _ooxml_kind(folder: ZipFolder) -> OfficeKind | None:
    """By the first main part that is listed and known."""
    for found in _MAIN_PART.finditer(folder.read(_CONTENT_TYPES) or b""):
        named = found[1].decode("ascii").lower()
        for kind, main_parts in _MAIN_PARTS.items():
            if named in main_parts:
                return kind
    return None
