"""What a ZIP is as an office file: by its main part (ECMA-376, part 2) or its media type (ODF 1.2, part 3)."""

import re
import zlib
from xml.parsers import expat

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
_OVERRIDE = re.compile(rb"<(?:[\w.-]+:)?Override\s[^>]*>")
_PART_NAME = re.compile(rb"""PartName\s*=\s*["']([^"']{1,1000})["']""")
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
_CONTENT = "content.xml"
_CHECKED_BYTES = 64 * 1024 * 1024
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
        _require_whole(folder, _CONTENT)
        return OfficeFile(kind, any(name.startswith(_MACROS_OF_ODF) for name in folder.names))
    if (main := _ooxml_main_part(folder)) is not None:
        kind, part = main
        _require_whole(folder, part)
        return OfficeFile(kind, any(map(_MACROS_OF_OOXML.search, folder.names)))
    raise Refused(Reason.UNSUPPORTED)


def _begins_like_office(data: bytes) -> bool:
    name = first_name(data)
    return name.startswith(_FIRST_OF_OFFICE) or (name == _MIMETYPE and b"opendocument" in data[:200])


def _odf_kind(folder: ZipFolder) -> OfficeKind | None:
    found = _MEDIA_TYPE.match(folder.read(_MIMETYPE) or b"")
    return _MEDIA_TYPES.get(found[1]) if found else None


def _ooxml_main_part(folder: ZipFolder) -> tuple[OfficeKind, str] | None:
    """The first that is listed and of a kind that we know, and its name."""
    for entry in _OVERRIDE.finditer(folder.read(_CONTENT_TYPES) or b""):
        part, named = _PART_NAME.search(entry[0]), _MAIN_PART.search(entry[0])
        if part and named:
            main_part = named[1].decode("ascii").lower()
            for kind, main_parts in _MAIN_PARTS.items():
                if main_part in main_parts:
                    return kind, part[1].decode("utf-8", "replace").lstrip("/")
    return None


def _require_whole(folder: ZipFolder, part: str) -> None:
    """LibreOffice shows what comes before a mistake in the XML as if it were all.

    Raises:
        Refused: the part is missing, or no XML.
    """
    parser, checked = expat.ParserCreate(), 0
    try:
        for chunk in folder.chunks(part):
            parser.Parse(chunk, False)
            checked += len(chunk)
            if checked > _CHECKED_BYTES:
                return
        parser.Parse(b"", True)
    except (expat.ExpatError, zlib.error) as error:
        raise Refused(Reason.DAMAGED) from error
