"""The members of a ZIP, read from its directory within bounds: so many of them, and so much of each.

`zipfile` believes the directory's length, and makes an object of each of its entries before anybody can say stop.
"""

import zlib
from collections.abc import Iterator, Mapping
from struct import Struct, unpack_from
from typing import NamedTuple

from buffrsign.documents.border import Refused
from buffrsign.documents.outcome import Reason

BEGINS = b"PK\x03\x04"
MOST_MEMBERS = 20_000
MOST_BYTES = 4 * 1024 * 1024
"""Of one member, unpacked; those that are read list the others."""

_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_END_BYTES, _LONGEST_COMMENT = 22, 65_535
_ENTRY_HEAD = Struct("<4s6xH8xI4xHHH8xI")  # method, packed size, lengths of name, extra and comment, offset
_LOCAL_BYTES, _LOCAL_NAME_AT = 30, 26
_STORED, _DEFLATED = 0, 8


class _Member(NamedTuple):
    method: int
    packed_bytes: int
    at: int


class ZipFolder:
    """A ZIP that lies in memory. Of several members of one name the first counts.

    Raises:
        Refused: it has no directory, or none that holds together (damaged); more members than `MOST_MEMBERS`.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._members = _directory(data)

    @property
    def names(self) -> Mapping[str, object]:
        """Of all members, in the directory's order."""
        return self._members

    def read(self, name: str) -> bytes | None:
        """A member, unpacked; None where there is none of this name.

        Raises:
            Refused: it is larger than `MOST_BYTES`, packed in a way of its own, or damaged.
        """
        member = self._members.get(name)
        if member is None:
            return None
        return _unpacked(self._packed(member), member)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member, unpacked piece by piece, at most `MOST_BYTES` at a time; nothing where there is none."""
        member = self._members.get(name)
        if member is None:
            return
        packed = self._packed(member)
        if member.method == _STORED:
            yield packed
            return
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        while packed and not inflating.eof:
            yield inflating.decompress(packed, MOST_BYTES)
            packed = inflating.unconsumed_tail

    def _packed(self, member: _Member) -> bytes:
        start = member.at + _LOCAL_BYTES + sum(_halves(self._data, member.at + _LOCAL_NAME_AT, count=2))
        packed = self._data[start : start + member.packed_bytes]
        if len(packed) != member.packed_bytes or member.method not in {_STORED, _DEFLATED}:
            raise Refused(Reason.DAMAGED)
        return packed


def first_name(data: bytes) -> str:
    """The name of the member that stands first, as it says itself, or nothing; for a ZIP that lost its directory."""
    if not data.startswith(BEGINS) or len(data) < _LOCAL_BYTES:
        return ""
    length, _ = _halves(data, _LOCAL_NAME_AT, count=2)
    return data[_LOCAL_BYTES : _LOCAL_BYTES + length].decode("utf-8", "replace")


def _directory(data: bytes) -> dict[str, _Member]:
    end = data.rfind(_END, max(0, len(data) - _END_BYTES - _LONGEST_COMMENT))
    if end < 0 or end + _END_BYTES > len(data):
        raise Refused(Reason.DAMAGED)
    length, at = unpack_from("<II", data, end + 12)
    begins = end - length  # where it stands, whatever is said: another file may stand in front of the ZIP
    shift = begins - at
    if begins < 0 or shift < 0:
        raise Refused(Reason.DAMAGED)
    members: dict[str, _Member] = {}
    count = 0
    while begins < end:
        count += 1
        if count > MOST_MEMBERS:
            raise Refused(Reason.RESOURCE_LIMIT)
        if begins + _ENTRY_HEAD.size > end:
            raise Refused(Reason.DAMAGED)
        mark, method, packed, name, extra, comment, offset = _ENTRY_HEAD.unpack_from(data, begins)
        if mark != _ENTRY:
            raise Refused(Reason.DAMAGED)
        named = begins + _ENTRY_HEAD.size
        members.setdefault(
            data[named : named + name].decode("utf-8", "replace"), _Member(method, packed, offset + shift)
        )
        begins = named + name + extra + comment
    return members


def _unpacked(packed: bytes, member: _Member) -> bytes:
    if member.method == _STORED:
        whole, is_cut = packed[:MOST_BYTES], len(packed) > MOST_BYTES
    else:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        whole, is_cut = inflating.decompress(packed, MOST_BYTES), bool(inflating.unconsumed_tail)
    if is_cut:
        raise Refused(Reason.RESOURCE_LIMIT)
    return whole


def _halves(data: bytes, at: int, *, count: int) -> tuple[int, ...]:
    return unpack_from(f"<{count}H", data, at)
