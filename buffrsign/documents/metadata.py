"""What a PDF says about itself: its version, its claim to be an archive file, and which entries describe it.

The entries' words stay in the file: a title or an author may name people.
"""

import re

import msgspec
from pypdf import PdfReader
from pypdf.generic import ByteStringObject, DictionaryObject, StreamObject, TextStringObject

from buffrsign.documents.objects import dictionary, name, value

_VERSION = re.compile(r"[12]\.[0-9]")
_LONGEST_XMP_BYTES = 1024 * 1024
_ENTRIES = ("/Title", "/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/CreationDate", "/ModDate")
_PART = re.compile(rb"pdfaid:part(?:\s*=\s*[\"']|\s*>)\s*([1-4])\b")
_CONFORMANCE = re.compile(rb"pdfaid:conformance(?:\s*=\s*[\"']|\s*>)\s*([ABUEFabuef])\b")


class Metadata(msgspec.Struct, frozen=True):
    """How many characters each standard entry holds (ISO 32000-2, table 349), if any; and whether there is XMP."""

    entries: dict[str, int]
    xmp: bool


def header_version(data: bytes) -> str | None:
    """The version that the file's first line names; `data` has a header."""
    return _version(data[data.index(b"%PDF-") :][5:8].decode("latin-1"))


def catalog_version(reader: PdfReader) -> str | None:
    """The version that the catalog names, which may be later (ISO 32000-1, 7.5.2)."""
    return _version(name(reader.root_object, "/Version"))


def later(*versions: str | None) -> str | None:
    """The latest of these versions, where one is known."""
    return max(filter(None, versions), default=None)


def _version(written: str) -> str | None:
    return written if _VERSION.fullmatch(written) else None


def metadata_of(reader: PdfReader) -> Metadata:
    """Which of the standard entries are there."""
    described = dictionary(reader.trailer, "/Info")
    lengths = {entry.removeprefix("/"): _length(described, entry) for entry in _ENTRIES}
    return Metadata(
        entries={entry: length for entry, length in lengths.items() if length},
        xmp=isinstance(value(reader.root_object, "/Metadata"), StreamObject),
    )


def archive_claim_of(reader: PdfReader) -> str | None:
    """The part and conformance of PDF/A that the document claims, `2b` (ISO 19005-2, 6.6.4), be it true or not.

    Looked for in the first MiB of its XMP, byte by byte: no XML parser reads it, so none can be led to expand it.
    """
    packet = value(reader.root_object, "/Metadata")
    if not isinstance(packet, StreamObject):
        return None
    written = packet.get_data()[:_LONGEST_XMP_BYTES].replace(b"\0", b"")  # as UTF-16 has them
    part, conformance = _PART.search(written), _CONFORMANCE.search(written)
    if part is None:
        return None
    return (part[1] + (conformance[1] if conformance else b"")).decode().lower()


def _length(described: DictionaryObject, entry: str) -> int:
    found = value(described, entry)
    return len(found) if isinstance(found, TextStringObject | ByteStringObject) else 0
