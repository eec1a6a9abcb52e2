"""ULIDs: 26 characters that sort by time and say nothing about anybody.

Source: github.com/ulid/spec. 48 bits of milliseconds, 80 bits of randomness, Crockford base 32.
"""

import os
import re
import time
from collections.abc import Iterator

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_RANDOM_CHARACTERS = 16
_CHARACTER_OF_BYTE = (_ALPHABET * 8).encode()
"""A random byte makes a random character: 256 is a multiple of 32."""

_DRAWN_AT_ONCE = 256
"""The system's random numbers cost a system call, half of what a ULID costs otherwise."""


class _Spare:
    """Random ends that were drawn and not used yet, and how the ULIDs of the latest millisecond begin."""

    ends: Iterator[str] = iter(())
    latest: tuple[int, str] = (0, "0" * 10)


def new_ulid() -> str:
    """A fresh ULID for this millisecond; two made in the same one differ but do not sort."""
    ms = time.time_ns() // 1_000_000
    latest, begin = _Spare.latest
    if latest != ms:
        begin = _ten(ms)
        _Spare.latest = ms, begin
    return begin + (next(_Spare.ends, "") or _draw())


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


def _draw() -> str:
    drawn = os.urandom(_RANDOM_CHARACTERS * _DRAWN_AT_ONCE).translate(_CHARACTER_OF_BYTE).decode()
    size = _RANDOM_CHARACTERS
    ends = iter([drawn[at : at + size] for at in range(0, len(drawn), size)])
    end = next(ends)
    _Spare.ends = ends
    return end


def _forget() -> None:
    _Spare.ends = iter(())


os.register_at_fork(after_in_child=_forget)  # or the child would make its parent's ids
