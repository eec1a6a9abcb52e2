"""ULIDs: 26 characters that sort by time and say nothing about anybody.

Source: github.com/ulid/spec. 48 bits of milliseconds, 80 bits of randomness, Crockford base 32.
"""

import os
import re
import struct
import time
from collections.abc import Iterator

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_TWICE_40_BITS = struct.Struct(">BIBI")
_DRAWN_AT_ONCE = 256
"""The system's random numbers cost a system call, half of what a ULID costs otherwise."""


class _Spare:
    """Random numbers that were drawn and not used yet."""

    pieces: Iterator[tuple[int, ...]] = iter(())


def new_ulid() -> str:
    """A fresh ULID for this millisecond; two made in the same one differ but do not sort."""
    first, last, first_again, last_again = next(_Spare.pieces, None) or _draw()
    ms = time.time_ns() // 1_000_000
    return _ten(ms) + _eight(first << 32 | last) + _eight(first_again << 32 | last_again)


def ulid_of(ms: int, randomness: int) -> str:
    """The ULID of a time (milliseconds since 1970, 48 bits) and 80 random bits."""
    return _ten(ms) + _eight(randomness >> 40) + _eight(randomness & (1 << 40) - 1)


def is_ulid(text: str) -> bool:
    """Whether the text is a ULID in its canonical upper-case form."""
    return _ULID.fullmatch(text) is not None


def _ten(bits: int) -> str:
    return _PAIRS[bits >> 40] + _eight(bits & (1 << 40) - 1)


def _eight(bits: int) -> str:
    return _PAIRS[bits >> 30] + _PAIRS[bits >> 20 & 1023] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]


def _draw() -> tuple[int, ...]:
    pieces = _TWICE_40_BITS.iter_unpack(os.urandom(_TWICE_40_BITS.size * _DRAWN_AT_ONCE))
    piece = next(pieces)
    _Spare.pieces = pieces
    return piece


def _forget() -> None:
    _Spare.pieces = iter(())


os.register_at_fork(after_in_child=_forget)  # or the child would make its parent's ids
