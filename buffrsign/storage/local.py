"""Blobs in a folder of this machine.

folder/ab/abcdef…      complete blobs only; they come by rename and never change
folder/ab/.abcdef….x   staged, or left by a process that was killed; goes with its blob, or is cleaned
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from buffrsign.storage.blobs import LARGEST_BYTES, require_digest, verified
from buffrsign.storage.errors import BlobMissing, BlobsUnavailable, BlobTooLarge, disk_errors_are_transient
from buffrsign.storage.incoming import CHUNK_BYTES, Incoming


class LocalBlobs:
    """`Blobs` in a folder that is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """See `Blobs`. Written anew even when the digest is there already, which heals a damaged blob."""
        incoming = Incoming.of(data)
        with self.stage(incoming) as staged:
            staged.commit()
        return incoming.sha256

    @contextmanager
    def stage(self, incoming: Incoming) -> "Iterator[_StagedFile]":
        """See `Blobs`. The bytes are on the disk, under a name of their own, until they are committed or dropped."""
        path = self._path(incoming.sha256)
        with disk_errors_are_transient():
            path.parent.mkdir(parents=True, exist_ok=True)
            staged = _StagedFile(_write_beside(path, incoming.chunks()), path)
        try:
            yield staged
        finally:
            with disk_errors_are_transient():
                staged.temporary.unlink(missing_ok=True)

    def get(self, sha256: str, *, at_most_bytes: int = LARGEST_BYTES) -> bytes:
        """See `Blobs`."""
        return b"".join(self.chunks(sha256, at_most_bytes=at_most_bytes))

    def chunks(self, sha256: str, *, at_most_bytes: int = LARGEST_BYTES) -> Iterator[bytes]:
        """See `Blobs`."""
        return verified(_read(self._path(sha256), at_most_bytes=at_most_bytes), sha256)

    def has(self, sha256: str) -> bool:
        """See `Blobs`."""
        with disk_errors_are_transient():
            return self._path(sha256).is_file()

    def require_mounted(self) -> None:
        """See `Blobs`."""
        with disk_errors_are_transient():
            if not self._folder.is_dir() or not any(self._folder.iterdir()):
                raise BlobsUnavailable("blob storage is empty, although documents are known; mount the disk")

    def delete(self, sha256: str) -> bool:
        """See `Blobs`."""
        path = self._path(sha256)
        with disk_errors_are_transient():
            files = [*path.parent.glob(path.name), *path.parent.glob(f".{path.name}.*")]
            for file in files:
                file.unlink(missing_ok=True)
            if files:
                _sync_folder(path.parent)
        return path in files

    def clean(self, *, before: datetime) -> int:
        """See `Blobs`."""
        with disk_errors_are_transient():
            left = [file for file in self._folder.glob("??/.*") if _is_older(file, before)]
            for file in left:
                file.unlink(missing_ok=True)
        return len(left)

    def close(self) -> None:
        """See `Blobs`. There are none."""

    def _path(self, sha256: str) -> Path:
        return self._folder / require_digest(sha256)[:2] / sha256


@dataclass(frozen=True)
class _StagedFile:
    temporary: Path
    path: Path

    def commit(self) -> None:
        """See `Staged`."""
        with disk_errors_are_transient():
            self.temporary.replace(self.path)
            _sync_folder(self.path.parent)
            _sync_folder(self.path.parent.parent)


def _read(path: Path, *, at_most_bytes: int) -> Iterator[bytes]:
    with disk_errors_are_transient():
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise BlobMissing(path.name) from error
    with file:
        if os.fstat(file.fileno()).st_size > at_most_bytes:
            raise BlobTooLarge(f"blob {path.name}", at_most_bytes=at_most_bytes)
        while True:
            with disk_errors_are_transient():
                chunk = file.read(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


def _write_beside(path: Path, chunks: Iterable[bytes]) -> Path:
    # In the blob's own folder, because a rename is atomic only within one file system.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _is_older(file: Path, moment: datetime) -> bool:
    try:
        return file.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:  # it was committed just now
        return False


def _sync_folder(folder: Path) -> None:
    """Make renames and removals in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
