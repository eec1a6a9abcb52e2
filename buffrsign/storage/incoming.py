"""Bytes on their way into storage: counted, named by their digest, and never all in memory if they are many.

A digest is known only at the end of a stream, and the catalog must refer to it before anything is stored. So a stream
is kept aside first, in memory up to 1 MiB and then in a file without a name, which no crash leaves behind.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Protocol

from buffrsign.storage.errors import BlobTooLarge, disk_errors_are_transient

CHUNK_BYTES = 1024 * 1024


class Stream(Protocol):
    """What bytes are read from: a file, a socket's file, a request's body."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes, and none at the end."""


@dataclass(frozen=True)
class Incoming:
    """What is to be stored. It may be read again and again, by one thread at a time."""

    sha256: str
    size_bytes: int
    _file: IO[bytes]

    @classmethod
    def of(cls, data: bytes) -> "Incoming":
        """Bytes that are in memory anyway."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), BytesIO(data))

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """All of it from the start, each of this size but the last."""
        self._file.seek(0)
        while chunk := self._file.read(size):
            yield chunk


@contextmanager
def receive(source: Stream, *, at_most_bytes: int) -> Iterator[Incoming]:
    """Read a stream to its end; what it was is forgotten with the block.

    Raises:
        BlobTooLarge: it went on past that; nothing more was read.
        BlobsUnavailable: there is no room to keep it aside.
    """
    digest, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=CHUNK_BYTES) as file:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > at_most_bytes:
                raise BlobTooLarge("the upload", at_most_bytes=at_most_bytes)
            digest.update(chunk)
            with disk_errors_are_transient():
                file.write(chunk)
        yield Incoming(digest.hexdigest(), size, file)
