"""ULIDs: 26 characters that sort by time and say nothing about anybody.

Source: github.com/ulid/spec. 48 bits of milliseconds, 80 bits of randomness, Crockford base 32.
"""

import re
import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_ulid() -> str:
    """A fresh ULID for this millisecond; two made in the same one differ but do not sort."""
    return ulid_of(time.time_ns() // 1_000_000, secrets.randbits(80))


def ulid_of(ms: int, randomness: int) -> str:
    """The ULID of a time (milliseconds since 1970, 48 bits) and 80 random bits."""
    value = ms << 80 | randomness
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    """Whether the text is a ULID in its canonical upper-case form."""
    return _ULID.fullmatch(text) is not None
