"""Blobs are bytes filed under their SHA-256: what was put is on the disk, and what one gets is what was put.

folder/ab/abcdef…      complete blobs only; they come by rename and never change
folder/ab/.abcdef….x   being written, or left by a process that was killed; goes with its blob
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buffrsign.core.errors import Permanent, Transient

_SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobMissing(Permanent):
    """No blob has this digest."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"blob {sha256} is not in storage; upload it again or restore it from the backup")
        self.sha256 = sha256


class BlobDamaged(Permanent):
    """The bytes under this digest are others than those that were put."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"blob {sha256} was damaged in storage; upload it again or restore it from the backup")
        self.sha256 = sha256


class BlobsUnavailable(Transient):
    """The disk is full, gone, or not ours to write."""


def digest_of(data: bytes) -> str:
    """The name of a blob: its SHA-256, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


class LocalBlobs:
    """Blobs in a folder of this machine, made when the first one comes. Every method may be repeated and raced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Store the bytes and return their digest; on return they survive a power cut.

        Written anew even when the digest is there already, which heals a damaged blob.

        Raises:
            BlobsUnavailable: the disk refused; nothing half-written is ever visible.
        """
        sha256 = digest_of(data)
        path = self._path(sha256)
        with _disk_errors_are_transient():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, data)
            _sync_folder(self._folder)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of this digest, verified.

        Raises:
            BlobMissing: there is no such blob.
            BlobDamaged: its bytes have another digest.
            BlobsUnavailable: the disk refused.
        """
        with _disk_errors_are_transient():
            try:
                data = self._path(sha256).read_bytes()
            except FileNotFoundError as error:
                raise BlobMissing(sha256) from error
        if digest_of(data) != sha256:
            raise BlobDamaged(sha256)
        return data

    def has(self, sha256: str) -> bool:
        """Whether a blob of this digest is there; its bytes are not looked at."""
        with _disk_errors_are_transient():
            return self._path(sha256).is_file()

    def require_mounted(self) -> None:
        """For whoever misses a blob that should be there.

        Raises:
            BlobsUnavailable: nothing at all is there, as where a disk is not mounted.
        """
        with _disk_errors_are_transient():
            if not self._folder.is_dir() or not any(self._folder.iterdir()):
                raise BlobsUnavailable("blob storage is empty, although documents are known; mount the disk")

    def delete(self, sha256: str) -> bool:
        """Remove the blob for good, and whatever a killed `put` left of it; False when there was nothing.

        Only `Catalog.deleting` knows which digests nothing refers to.
        """
        path = self._path(sha256)
        with _disk_errors_are_transient():
            files = [*path.parent.glob(path.name), *path.parent.glob(f".{path.name}.*")]
            for file in files:
                file.unlink(missing_ok=True)
            if files:
                _sync_folder(path.parent)
        return bool(files)

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError("a blob is named by 64 lower-case hex digits")  # a path is made of it
        return self._folder / sha256[:2] / sha256


@contextmanager
def _disk_errors_are_transient() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BlobsUnavailable(f"blob storage refused: {error.strerror}; free or repair the disk") from error


def _write_durably(path: Path, data: bytes) -> None:
    # In the blob's own folder, because a rename is atomic only within one file system.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make renames and removals in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
