"""Blobs are bytes filed under their SHA-256: what one gets is what was put, or an error that says why not.

`Blobs` is what every store promises; `LocalBlobs` keeps a folder, `S3Blobs` a bucket. Every method may be repeated and
raced, nothing half-written is ever visible, and whatever is read is verified.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from buffrsign.storage.errors import BlobDamaged
from buffrsign.storage.incoming import Incoming

LARGEST_BYTES = 512 * 1024 * 1024
"""What is larger is not read, unless the reader says that it may be."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Staged(Protocol):
    """Bytes that are nearly in storage: nobody sees them yet, and one short step puts them there."""

    def commit(self) -> None:
        """Make them a blob; on return they survive a power cut.

        Raises:
            BlobsUnavailable: they are not there; nothing half-written is visible.
        """


class Blobs(Protocol):
    """Where documents' bytes are kept. A name that is no digest raises ValueError everywhere."""

    def put(self, data: bytes) -> str:
        """Store the bytes and return their digest: `stage` and `commit` in one.

        Raises:
            BlobsUnavailable: they are not stored.
        """

    def stage(self, incoming: Incoming) -> AbstractContextManager[Staged]:
        """Do what takes long, so that `commit` is short enough to be done under a lock.

        Whatever is staged for a version that turns out to be gone (`Permanent`) is dropped. What another error or a
        kill leaves behind, the next try continues, or `delete` or `clean` removes.

        Raises:
            BlobsUnavailable: storage did not take them.
        """

    def get(self, sha256: str, *, at_most_bytes: int = LARGEST_BYTES) -> bytes:
        """All bytes of this digest, verified. Raises as `chunks` does."""

    def chunks(self, sha256: str, *, at_most_bytes: int = LARGEST_BYTES) -> Iterator[bytes]:
        """The same, in pieces of at most 1 MiB, of which two are held at a time.

        The last piece comes only once all are verified; whoever acts on earlier ones MUST be able to take that back.

        Raises:
            BlobMissing: there is no such blob.
            BlobDamaged: its bytes have another digest.
            BlobTooLarge: it has more bytes than that.
            BlobsUnavailable: storage did not answer, or broke off too often.
        """

    def has(self, sha256: str) -> bool:
        """Whether a blob of this digest is there; its bytes are not looked at."""

    def delete(self, sha256: str) -> bool:
        """Remove the blob for good, and whatever a killed `stage` left of it; False when there was no blob.

        Only `Catalog.deleting` knows which digests nothing refers to.
        """

    def clean(self, *, before: datetime) -> int:
        """Remove what was staged before that time and never committed, and say how many."""

    def require_mounted(self) -> None:
        """For whoever misses a blob that should be there.

        Raises:
            BlobsUnavailable: nothing at all is there, as where a disk is not mounted or a prefix is wrong.
        """

    def close(self) -> None:
        """Give back what connections there are."""


def digest_of(data: bytes) -> str:
    """The name of a blob: its SHA-256, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def is_digest(name: str) -> bool:
    """Whether a blob could be named so."""
    return _SHA256.fullmatch(name) is not None


def require_digest(sha256: str) -> str:
    """The same, once it is known to be one: paths and keys are made of it."""
    if not is_digest(sha256):
        raise ValueError("a blob is named by 64 lower-case hex digits")
    return sha256


def verified(pieces: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """The pieces, the last of them only if all together have this digest; else BlobDamaged."""
    digest = hashlib.sha256()
    held = b""
    for piece in pieces:
        if held:
            yield held
        digest.update(piece)
        held = piece
    if digest.hexdigest() != sha256:
        raise BlobDamaged(sha256)
    if held:
        yield held
