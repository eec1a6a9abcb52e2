"""The requests that S3Blobs makes of a bucket, with its errors in our words (extra `s3`).

botocore signs, times out, and tries again with backoff. Keys and addresses come from `S3Place` only, never from the
machine's own AWS files.
"""

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import TYPE_CHECKING, NamedTuple, cast

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.loaders import create_loader
from botocore.session import Session

from buffrsign.storage.errors import BlobsUnavailable
from buffrsign.storage.incoming import CHUNK_BYTES
from buffrsign.storage.s3_place import S3Place

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_ABSENT = {"NoSuchKey", "NoSuchUpload", "404"}
_BROKE_OFF = (IncompleteReadError, ResponseStreamingError, HTTPClientError)
_NOT_FROM_THE_MACHINE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's own settings, without the variables and files that it would read them from."""

_DESCRIPTIONS = create_loader()
"""What botocore knows of S3. All clients of a process read it here: each by itself would take 0.1 s to read it anew."""


class Patience(NamedTuple):
    """How long an answer is waited for, and how often it is asked for."""

    connect_s: float
    read_s: float
    attempts: int


PATIENT = Patience(connect_s=5, read_s=30, attempts=4)
BRISK = Patience(connect_s=2, read_s=5, attempts=2)
"""For what is done under the catalog's lock, for which others wait 15 s at most."""


class ObjectMissing(Exception):
    """No object has this key."""


class UploadGone(Exception):
    """The upload was completed or aborted, by whomever."""


class BrokeOff(Exception):
    """The answer ended early; the rest may be asked for."""


@dataclass(frozen=True)
class Found:
    """An object as the store describes it. The tag of an object in one part is its MD5; of several, theirs."""

    etag: str
    size_bytes: int


@dataclass(frozen=True)
class Upload:
    """An object that comes in parts."""

    key: str
    upload_id: str
    begun_at: datetime


class Bucket:
    """One bucket. Threads may share it; a fork may not."""

    def __init__(self, place: S3Place, patience: Patience = PATIENT) -> None:
        self._name = place.bucket
        self._client = _connect(place, patience)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def find(self, key: str) -> Found | None:
        """The object under this key."""
        try:
            with _errors_in_our_words(absent=ObjectMissing):
                answer = self._client.head_object(Bucket=self._name, Key=key)
        except ObjectMissing:
            return None
        return Found(_bare(answer["ETag"]), answer["ContentLength"])

    def put(self, key: str, data: bytes) -> None:
        """Store an object in one request, whole or not at all; the server checks its MD5."""
        with _errors_in_our_words():
            self._client.put_object(Bucket=self._name, Key=key, Body=data, ContentMD5=_content_md5(data))

    @contextmanager
    def read(self, key: str, *, start: int = 0, etag: str | None = None) -> "Iterator[tuple[Found, Iterator[bytes]]]":
        """The object, and its bytes from there on; with a tag, only if it is still the same object.

        Raises:
            ObjectMissing, BlobsUnavailable: at once.
            BrokeOff: while it is read.
        """
        wanted = {"Range": f"bytes={start}-"} if start else {}
        same = {"IfMatch": f'"{etag}"'} if etag else {}
        with _errors_in_our_words(absent=ObjectMissing):
            answer = self._client.get_object(Bucket=self._name, Key=key, **wanted, **same)  # type: ignore[arg-type]
        with closing(answer["Body"]) as body:
            yield Found(_bare(answer["ETag"]), start + answer["ContentLength"]), _pieces(body)

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""
        with _errors_in_our_words():
            self._client.delete_object(Bucket=self._name, Key=key)

    def is_empty(self, prefix: str) -> bool:
        """Whether no key begins so."""
        with _errors_in_our_words():
            return self._client.list_objects_v2(Bucket=self._name, Prefix=prefix, MaxKeys=1)["KeyCount"] == 0

    def uploads(self, prefix: str) -> list[Upload]:
        """The uploads that were neither completed nor aborted, of keys that begin so; the oldest first."""
        with _errors_in_our_words():
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._name, Prefix=prefix)
            found = [each for page in pages for each in page.get("Uploads", [])]
        uploads = [Upload(each["Key"], each["UploadId"], each["Initiated"]) for each in found]
        return sorted(uploads, key=lambda upload: (upload.begun_at, upload.upload_id))

    def begin(self, key: str) -> str:
        """Begin an upload in parts, and return its id."""
        with _errors_in_our_words():
            return self._client.create_multipart_upload(Bucket=self._name, Key=key)["UploadId"]

    def parts(self, key: str, upload_id: str) -> dict[int, str]:
        """The tags of the parts that are there. Raises UploadGone."""
        with _errors_in_our_words(absent=UploadGone):
            pages = self._client.get_paginator("list_parts").paginate(Bucket=self._name, Key=key, UploadId=upload_id)
            return {part["PartNumber"]: _bare(part["ETag"]) for page in pages for part in page.get("Parts", [])}

    def send_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        """Store one part, over what is there of it, and return its tag. Raises UploadGone."""
        with _errors_in_our_words(absent=UploadGone):
            answer = self._client.upload_part(
                Bucket=self._name,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                Body=data,
                ContentMD5=_content_md5(data),
            )
        return _bare(answer["ETag"])

    def complete(self, key: str, upload_id: str, etags: list[str]) -> None:
        """Make the parts an object. Raises UploadGone."""
        parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in enumerate(etags, start=1)]
        with _errors_in_our_words(absent=UploadGone):
            self._client.complete_multipart_upload(
                Bucket=self._name,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )

    def abort(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts, if it is there."""
        try:
            with _errors_in_our_words(absent=UploadGone):
                self._client.abort_multipart_upload(Bucket=self._name, Key=key, UploadId=upload_id)
        except UploadGone:
            return


def tag_of(data: bytes) -> str:
    """The tag that a part or a small object gets: its MD5. Integrity rests on SHA-256, never on this."""
    return md5(data, usedforsecurity=False).hexdigest()


def tag_of_parts(etags: list[str]) -> str:
    """The tag of an object in parts: the MD5 of theirs, and how many they are."""
    return f"{tag_of(b''.join(bytes.fromhex(etag) for etag in etags))}-{len(etags)}"


def _connect(place: S3Place, patience: Patience) -> "S3Client":
    session = Session(_NOT_FROM_THE_MACHINE)
    session.register_component("data_loader", _DESCRIPTIONS)
    config = Config(
        connect_timeout=patience.connect_s,
        read_timeout=patience.read_s,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        signature_version="s3v4",
        s3={"addressing_style": "path"},  # any server has this one; the other needs a name for each bucket
        request_checksum_calculation="when_required",  # other servers than Amazon's do not know the newer ones
        response_checksum_validation="when_required",
        proxies={},
    )
    client = session.create_client(
        "s3",
        region_name=place.region,
        endpoint_url=place.endpoint,
        aws_access_key_id=place.access_key,
        aws_secret_access_key=place.secret_key,
        verify=place.ca_file or True,
        config=config,
    )
    return cast("S3Client", client)


def _pieces(body: "StreamingBody") -> Iterator[bytes]:
    while True:
        try:
            piece = body.read(CHUNK_BYTES // 4)
        except _BROKE_OFF as error:
            raise BrokeOff from error
        if not piece:
            return
        yield piece


@contextmanager
def _errors_in_our_words(*, absent: type[Exception] | None = None) -> Iterator[None]:
    """What it means that something is not there, the caller knows; of a bucket it is an outage."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if absent and code in _ABSENT:
            raise absent from error
        raise BlobsUnavailable(f"blob storage refused: {code}; look at the bucket, its keys and its server") from error
    except BotoCoreError as error:
        name = type(error).__name__
        raise BlobsUnavailable(f"blob storage did not answer: {name}; look at its server and the network") from error


def _bare(etag: str) -> str:
    return etag.strip('"')


def _content_md5(data: bytes) -> str:
    return b64encode(md5(data, usedforsecurity=False).digest()).decode()
