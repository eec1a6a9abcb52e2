"""What lies at the top of an OLE2 compound file, the container of Office 97, read within bounds (MS-CFB)."""

import struct
from collections.abc import Iterator
from struct import unpack_from

from buffrsign.documents.border import Refused
from buffrsign.documents.outcome import Reason

BEGINS = bytes.fromhex("D0CF11E0A1B11AE1")
MOST_ENTRIES = 20_000

_SHIFTS = {3: 9, 4: 12}  # of a sector's size, by version
_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_DIRECTORY_AT, _FIRST_FATS_AT, _FIRST_FATS = 48, 76, 109
_LEAST_IN_SECTORS_AT, _MORE_FATS_AT = 56, 68
_LAST_SECTOR, _NO_ENTRY = 0xFFFFFFFA, 0xFFFFFFFF
_STORAGE, _STREAM = 1, 2


class CompoundFile:
    """A compound file that lies in memory; chains that lead back to themselves end there.

    Raises:
        Refused: damaged, or more than `MOST_ENTRIES`.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        try:
            [version] = unpack_from("<H", data, 26)
            self._shift = _SHIFTS.get(version, 9)
            self._table = list(self._sectors_of_table())
            self._directory = b"".join(map(self._sector, self._chain(unpack_from("<I", data, _DIRECTORY_AT)[0])))
            self._top = dict(self._top_entries())
        except struct.error as error:
            raise Refused(Reason.DAMAGED) from error

    @property
    def names(self) -> frozenset[str]:
        """Of the storages and streams at the top; what is embedded in the document lies deeper."""
        return frozenset(self._top)

    def beginning(self, name: str) -> bytes:
        """The first sector of a stream at the top, or less; nothing where it is too short to have sectors."""
        kind, first, size = self._top.get(name, (_STORAGE, 0, 0))
        [least] = unpack_from("<I", self._data, _LEAST_IN_SECTORS_AT)
        return self._sector(first)[:size] if kind == _STREAM and size >= least else b""

    def _sectors_of_table(self) -> Iterator[int]:
        """Which sectors hold the table that says which sector follows which; the header names the first 109."""
        yield from unpack_from(f"<{_FIRST_FATS}I", self._data, _FIRST_FATS_AT)
        [following] = unpack_from("<I", self._data, _MORE_FATS_AT)
        seen: set[int] = set()
        count = (1 << self._shift) // 4
        while following < _LAST_SECTOR and following not in seen:
            seen.add(following)
            *named, following = unpack_from(f"<{count}I", self._sector(following))
            yield from named

    def _chain(self, sector: int) -> Iterator[int]:
        """The directory's sectors."""
        most = (MOST_ENTRIES * _ENTRY_BYTES) >> self._shift
        seen: set[int] = set()
        while sector < _LAST_SECTOR and sector not in seen:
            if len(seen) >= most:
                raise Refused(Reason.RESOURCE_LIMIT)
            seen.add(sector)
            yield sector
            sector = self._after(sector)

    def _after(self, sector: int) -> int:
        per_sector = (1 << self._shift) // 4
        part, within = divmod(sector, per_sector)
        if part >= len(self._table):
            raise Refused(Reason.DAMAGED)
        return int(unpack_from("<I", self._sector(self._table[part]), 4 * within)[0])

    def _sector(self, number: int) -> bytes:
        at = (number + 1) << self._shift
        return self._data[at : at + (1 << self._shift)]

    def _top_entries(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        """By name: kind, first sector, size. They are a tree beside each other, whose root the first entry names."""
        waiting, seen = [unpack_from("<I", self._directory, 76)[0]], set[int]()
        while waiting:
            number = waiting.pop()
            at = number * _ENTRY_BYTES
            if number == _NO_ENTRY or number in seen or at + _ENTRY_BYTES > len(self._directory):
                continue
            seen.add(number)
            [length] = unpack_from("<H", self._directory, at + 64)
            name = self._directory[at : at + min(length, 64)].decode("utf-16-le", "replace").rstrip("\0")
            kind, left, right = unpack_from("<BxII", self._directory, at + 66)
            first, size = unpack_from("<II", self._directory, at + 116)
            waiting += [left, right]
            yield name, (kind, first, size)
