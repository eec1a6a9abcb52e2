"""What a compound file is as an office file: by the streams at its top (MS-DOC, MS-XLS, MS-PPT, MS-OFFCRYPTO)."""

from struct import unpack_from

from buffrsign.documents.border import Refused
from buffrsign.documents.office.compound_file import CompoundFile
from buffrsign.documents.office.kind import OfficeFile, OfficeKind
from buffrsign.documents.outcome import Reason

_STREAMS = {
    "WordDocument": OfficeKind.DOC,
    "Workbook": OfficeKind.XLS,
    "Book": OfficeKind.XLS,
    "PowerPoint Document": OfficeKind.PPT,
}
_ENCRYPTED = frozenset({"EncryptedPackage", "EncryptedSummary"})
_MACROS = frozenset({"Macros", "_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"})

_WORD_MARK, _WORD_ENCRYPTED = 0xA5EC, 0x0100  # the mark and the flag fEncrypted of a Fib's base (MS-DOC 2.5.2)
_WORD_BEFORE_97_MARK = 0xA5DC
_BEGINNINGS_OF_SHEETS, _FILE_PASS = frozenset({0x0009, 0x0209, 0x0409, 0x0809}), 0x002F  # MS-XLS 2.3.1
_MOST_RECORDS = 50


def recognise_compound(data: bytes) -> OfficeFile:
    """What this compound file is.

    Raises:
        Refused: it is no office file (unsupported), needs a password (encrypted), or is damaged.
    """
    file = CompoundFile(data)
    names = file.names
    if names & _ENCRYPTED:
        raise Refused(Reason.ENCRYPTED)
    for stream, kind in _STREAMS.items():
        if stream in names:
            beginning = file.beginning(stream)
            if _needs_password(kind, beginning):
                raise Refused(Reason.ENCRYPTED)
            has_macros = None if kind is OfficeKind.PPT else bool(names & _MACROS)
            return OfficeFile(kind, has_macros, is_before_97=stream == "Book" or _is_early_word(beginning))
    raise Refused(Reason.UNSUPPORTED)


def _needs_password(kind: OfficeKind, beginning: bytes) -> bool:
    if kind is OfficeKind.DOC:
        return _is_word_encrypted(beginning)
    return kind is OfficeKind.XLS and _is_sheet_encrypted(beginning)


def _is_word_encrypted(beginning: bytes) -> bool:
    if len(beginning) < 12:
        return False
    mark, flags = unpack_from("<H8xH", beginning)
    return mark in {_WORD_MARK, _WORD_BEFORE_97_MARK} and bool(flags & _WORD_ENCRYPTED)


def _is_early_word(beginning: bytes) -> bool:
    return len(beginning) >= 2 and unpack_from("<H", beginning)[0] == _WORD_BEFORE_97_MARK


def _is_sheet_encrypted(beginning: bytes) -> bool:
    """Whether a record says so, among the first."""
    at = 0
    for number in range(_MOST_RECORDS):
        if at + 4 > len(beginning):
            return False
        kind, length = unpack_from("<HH", beginning, at)
        if number == 0 and kind not in _BEGINNINGS_OF_SHEETS:
            return False
        if kind == _FILE_PASS:
            return True
        at += 4 + length
    return False
