"""How bytes come into a bucket: in parts, which are sent before the lock is taken and joined under it.

Uploads go under the blob's own key, so whoever tries again finds what an earlier try has sent. Parts are the same
bytes for everybody, so two who continue one upload do each other no harm.
"""

from buffrsign.storage.errors import BlobsUnavailable
from buffrsign.storage.incoming import Incoming
from buffrsign.storage.s3_bucket import Bucket, UploadGone, tag_of, tag_of_parts

_BEGINNINGS = 3
"""How often an upload that somebody ended is begun anew."""


class StagedObject:
    """Few bytes: sending them takes no longer than joining parts, and writing them anew heals what was damaged."""

    def __init__(self, bucket: Bucket, key: str, data: bytes) -> None:
        self._bucket, self._key, self._data = bucket, key, data

    def commit(self) -> None:
        """See `Staged`."""
        self._bucket.put(self._key, self._data)

    def abandon(self) -> None:
        """Nothing was sent."""


class StagedUpload:
    """Many bytes, in parts of one size; not sent at all where the same object is there already."""

    def __init__(self, bucket: Bucket, key: str, incoming: Incoming, *, part_bytes: int, brisk: Bucket) -> None:
        self._bucket, self._brisk, self._key = bucket, brisk, key
        self._incoming, self._part_bytes = incoming, part_bytes
        self._upload_id: str | None = None
        self._etags: list[str] = []

    def send(self) -> None:
        """Send the parts that are not there.

        Raises:
            BlobsUnavailable: storage did not take one; those before it stay, for the next try.
        """
        for _ in range(_BEGINNINGS):
            if self._is_there(self._bucket):
                return
            try:
                self._send_parts()
            except UploadGone:
                self._upload_id = None
            else:
                return
        raise self._ended_by_another()

    def commit(self) -> None:
        """See `Staged`."""
        if self._upload_id is None:
            return
        try:
            self._brisk.complete(self._key, self._upload_id, self._etags)
        except UploadGone as error:
            if not self._is_there(self._brisk):
                raise self._ended_by_another() from error

    def abandon(self) -> None:
        """Drop the parts: nobody will want them."""
        if self._upload_id is not None:
            self._brisk.abort(self._key, self._upload_id)

    def _send_parts(self) -> None:
        begun = next((each.upload_id for each in self._bucket.uploads(self._key)), None)
        self._upload_id = begun or self._bucket.begin(self._key)
        there = self._bucket.parts(self._key, self._upload_id) if begun else {}
        self._etags = []
        for number, part in enumerate(self._incoming.chunks(self._part_bytes), start=1):
            same = there.get(number) == tag_of(part)
            etag = there[number] if same else self._bucket.send_part(self._key, self._upload_id, number, part)
            self._etags.append(etag)

    def _is_there(self, bucket: Bucket) -> bool:
        """Whether the store says that it has these bytes: their number, and the tag of their parts."""
        found = bucket.find(self._key)
        if found is None or found.size_bytes != self._incoming.size_bytes:
            return False
        return found.etag == tag_of_parts([tag_of(part) for part in self._incoming.chunks(self._part_bytes)])

    def _ended_by_another(self) -> BlobsUnavailable:
        return BlobsUnavailable("an upload was ended by somebody else; try again")
