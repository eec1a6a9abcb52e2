"""Blobs in a bucket of an S3-compatible store (extra `s3`).

prefix/ab/abcdef…      complete blobs only: an object appears whole, and never changes
uploads of that key    parts that are staged, or left by a killed process; they go with the blob, or are cleaned
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from buffrsign.core.errors import Permanent
from buffrsign.storage.blobs import LARGEST_BYTES, is_digest, require_digest, verified
from buffrsign.storage.errors import BlobMissing, BlobsUnavailable, BlobTooLarge
from buffrsign.storage.incoming import Incoming
from buffrsign.storage.s3_bucket import BRISK, PATIENT, BrokeOff, Bucket, Found, ObjectMissing, Patience
from buffrsign.storage.s3_place import S3Place
from buffrsign.storage.s3_staging import StagedObject, StagedUpload

PART_BYTES = 8 * 1024 * 1024
"""What an upload holds in memory. Stores take 5 MiB or more; another size begins uploads anew, and harms nothing."""

SMALL_BYTES = 256 * 1024
_PROGRESS_BYTES = 256 * 1024
_TRIES_WITHOUT_PROGRESS = 3


class S3Blobs:
    """`Blobs` in a bucket that exists. One per process, made after a fork."""

    def __init__(
        self, place: S3Place, *, part_bytes: int = PART_BYTES, patience: Patience = PATIENT, brisk: Patience = BRISK
    ) -> None:
        self._prefix = f"{place.prefix.strip('/')}/".lstrip("/")
        self._part_bytes = part_bytes
        self._bucket = Bucket(place, patience)
        self._brisk = Bucket(place, brisk)

    def put(self, data: bytes) -> str:
        """See `Blobs`. Many bytes are not sent again where the store says that it has them."""
        incoming = Incoming.of(data)
        with self.stage(incoming) as staged:
            staged.commit()
        return incoming.sha256

    @contextmanager
    def stage(self, incoming: Incoming) -> Iterator[StagedObject | StagedUpload]:
        """See `Blobs`. The parts are in the store, under the blob's key, until they are committed or dropped."""
        key = self._key(incoming.sha256)
        staged: StagedObject | StagedUpload
        if incoming.size_bytes <= SMALL_BYTES:
            staged = StagedObject(self._brisk, key, b"".join(incoming.chunks()))
        else:
            staged = StagedUpload(self._bucket, key, incoming, part_bytes=self._part_bytes, brisk=self._brisk)
            staged.send()
        try:
            yield staged
        except Permanent:
            with suppress(BlobsUnavailable):  # `clean` finds it later
                staged.abandon()
            raise

    def get(self, sha256: str, *, at_most_bytes: int = LARGEST_BYTES) -> bytes:
        """See `Blobs`."""
        return b"".join(self.chunks(sha256, at_most_bytes=at_most_bytes))

    def chunks(self, sha256: str, *, at_most_bytes: int = LARGEST_BYTES) -> Iterator[bytes]:
        """See `Blobs`. A connection that drops is taken up where it ended."""
        key = self._key(sha256)
        return verified(self._read(key, sha256, at_most_bytes=at_most_bytes), sha256)

    def has(self, sha256: str) -> bool:
        """See `Blobs`."""
        return self._brisk.find(self._key(sha256)) is not None

    def delete(self, sha256: str) -> bool:
        """See `Blobs`."""
        key = self._key(sha256)
        for upload in self._brisk.uploads(key):
            self._brisk.abort(key, upload.upload_id)
        if self._brisk.find(key) is None:
            return False
        self._brisk.delete(key)
        return True

    def clean(self, *, before: datetime) -> int:
        """See `Blobs`."""
        left = [
            upload
            for upload in self._bucket.uploads(self._prefix)
            if upload.begun_at < before and self._is_blob(upload.key)  # others may use the bucket, too
        ]
        for upload in left:
            self._bucket.abort(upload.key, upload.upload_id)
        return len(left)

    def require_mounted(self) -> None:
        """See `Blobs`."""
        if self._bucket.is_empty(self._prefix):
            raise BlobsUnavailable("blob storage is empty, although documents are known; look at the bucket and prefix")

    def close(self) -> None:
        """See `Blobs`."""
        self._bucket.close()
        self._brisk.close()

    def _read(self, key: str, sha256: str, *, at_most_bytes: int) -> Iterator[bytes]:
        """The bytes as they come, over as many connections as it takes while they bring something worth it."""
        position, in_vain, found = 0, 0, None
        while in_vain < _TRIES_WITHOUT_PROGRESS:
            start = position
            try:
                with self._bucket.read(key, start=start, etag=found.etag if found else None) as (found, pieces):
                    _require_size(found, sha256, at_most_bytes=at_most_bytes)
                    for piece in pieces:
                        position += len(piece)
                        yield piece
            except ObjectMissing as error:
                raise BlobMissing(sha256) from error
            except BrokeOff:
                pass
            if found and position == found.size_bytes:
                return
            in_vain = 0 if position - start >= _PROGRESS_BYTES else in_vain + 1
        raise BlobsUnavailable("blob storage broke off again and again; look at its server and the network")

    def _is_blob(self, key: str) -> bool:
        name = key.rpartition("/")[2]
        return is_digest(name) and key == self._key(name)

    def _key(self, sha256: str) -> str:
        return f"{self._prefix}{require_digest(sha256)[:2]}/{sha256}"


def _require_size(found: Found, sha256: str, *, at_most_bytes: int) -> None:
    if found.size_bytes > at_most_bytes:
        raise BlobTooLarge(f"blob {sha256}", at_most_bytes=at_most_bytes)
