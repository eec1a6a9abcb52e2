"""As many bytes as a test wants, the same each time, and never all in memory.

Run as a program it stores and reads them in a process of its own, and prints their digest, and how much memory and time
that took: `python -m tests.support.many_bytes WHERE BYTES PART_BYTES`, where WHERE is JSON.
"""

import json
import random
import sys
import time
from pathlib import Path

from buffrsign.storage import Blobs, LocalBlobs, receive
from buffrsign.storage.s3 import S3Blobs
from buffrsign.storage.s3_place import S3Place

BLOCK_BYTES = 1024 * 1024
PART_BYTES = 1024 * 1024
"""The least that the tests' server takes."""


class ManyBytes:
    """A stream of that length. Its blocks differ, so that parts cannot be mistaken for each other."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def read(self, size: int, /) -> bytes:
        """What comes next, up to the end of a block."""
        number, offset = divmod(self._position, BLOCK_BYTES)
        piece = block(number)[offset : offset + min(size, self._size - self._position)]
        self._position += len(piece)
        return piece


def block(number: int) -> bytes:
    """The block of this number."""
    return random.Random(number).randbytes(BLOCK_BYTES)  # noqa: S311 - nobody must not guess it


def many_bytes(size: int) -> bytes:
    """All of them at once, where a test has room for them."""
    return b"".join(block(number) for number in range(-(-size // BLOCK_BYTES)))[:size]


def _blobs_at(where: dict[str, str], part_bytes: int) -> Blobs:
    if "folder" in where:
        return LocalBlobs(Path(where["folder"]))
    return S3Blobs(S3Place(**where), part_bytes=part_bytes)


def _main(where: dict[str, str], size: int, part_bytes: int) -> None:
    blobs = _blobs_at(where, part_bytes)
    blobs.has("0" * 64)  # whatever is loaded at the first request is
    before, began = _peak_bytes(), time.monotonic()
    with receive(ManyBytes(size), at_most_bytes=size) as incoming, blobs.stage(incoming) as staged:
        staged.commit()
    stored = time.monotonic()
    read = sum(len(chunk) for chunk in blobs.chunks(incoming.sha256, at_most_bytes=size))
    told = {
        "sha256": incoming.sha256,
        "read": read,
        "memory_bytes": _peak_bytes() - before,
        "store_s": round(stored - began, 1),
        "read_s": round(time.monotonic() - stored, 1),
    }
    print(json.dumps(told))  # noqa: T201


def _peak_bytes() -> int:
    """The most that this program ever held; unlike ru_maxrss it does not count what it was forked from."""
    [peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(peak.split()[1]) * 1024


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
