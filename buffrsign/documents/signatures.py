"""Which bytes of a file its signatures cover, as their byte ranges say. No signature is verified here."""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from pypdf.generic import ByteStringObject, DictionaryObject, TextStringObject

from buffrsign.documents.objects import elements, name, value
from buffrsign.documents.structure import Field, is_signature

MAX_SIGNATURES = 50
_LONGEST_NAME = 64
_HEX_STRING = re.compile(rb"<[0-9A-Fa-f\s\0]*>")
_END_OF_REVISION = re.compile(rb"%%EOF[\s\0]*\Z")
_TAIL_BYTES = 64


class Coverage(StrEnum):
    """What of the file a signature covers, all of it but itself."""

    WHOLE_FILE = "whole_file"
    EARLIER_REVISION = "earlier_revision"
    BROKEN = "broken"


class Signature(msgspec.Struct, frozen=True):
    """A signature as the file describes it.

    `sub_filter` is its encoding (`ETSI.CAdES.detached`), `is_timestamp` a document time stamp. `bytes_after` follow the
    last byte that it covers: later revisions, or what somebody added.
    """

    sub_filter: str
    is_timestamp: bool
    covers: Coverage
    bytes_after: int


def signatures_of(found: Iterable[Field], data: bytes, *, in_clear: bool) -> list[Signature]:
    """The signatures in these fields, each once. `data` is the file as it was uploaded.

    `in_clear`: the fields are read from it, and not from a copy whose strings may differ.
    """
    held = {id(signature): signature for field in found if is_signature(field) for signature in [_held(field)]}
    return [_described(signature, data, in_clear=in_clear) for signature in held.values()]


def _held(field: Field) -> DictionaryObject:
    signature = value(field.node, "/V")
    assert isinstance(signature, DictionaryObject)  # noqa: S101 - `is_signature` says so
    return signature


def _described(signature: DictionaryObject, data: bytes, *, in_clear: bool) -> Signature:
    span = _span(signature, data, in_clear=in_clear)
    sub_filter = name(signature, "/SubFilter")
    return Signature(
        sub_filter=sub_filter[:_LONGEST_NAME],
        is_timestamp=name(signature, "/Type") == "DocTimeStamp" or sub_filter == "ETSI.RFC3161",
        covers=_coverage(span, data),
        bytes_after=0 if span is None else len(data) - span,
    )


def _coverage(span: int | None, data: bytes) -> Coverage:
    if span is None:
        return Coverage.BROKEN
    if span == len(data):
        return Coverage.WHOLE_FILE
    ends_a_revision = _END_OF_REVISION.search(data[max(0, span - _TAIL_BYTES) : span])
    return Coverage.EARLIER_REVISION if ends_a_revision else Coverage.BROKEN


def _span(signature: DictionaryObject, data: bytes, *, in_clear: bool) -> int | None:
    """So many bytes from the file's first one on are covered; None where others than the signature's own are left out.

    Two ranges, the first of which begins the file, with this signature's hexadecimal string and nothing else between
    them (ISO 32000-2, 12.8.1).
    """
    match list(elements(signature, "/ByteRange")):
        case [int(begin), int(before), int(resume), int(after)]:
            end = resume + after
            if begin != 0 or not 0 < before < resume <= end <= len(data):
                return None
            left_out = data[before:resume]
            is_its_own = _HEX_STRING.fullmatch(left_out) and (not in_clear or _holds(signature, left_out))
            return end if is_its_own else None
    return None


def _holds(signature: DictionaryObject, written: bytes) -> bool:
    """Whether this hexadecimal string is the signature's `/Contents`."""
    contents = value(signature, "/Contents")
    if isinstance(contents, TextStringObject):
        contents = ByteStringObject(contents.original_bytes)
    digits = re.sub(rb"[\s\0<>]", b"", written)
    return isinstance(contents, ByteStringObject) and bytes(contents).hex().encode() == digits.lower()
