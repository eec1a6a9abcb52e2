import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from buffrsign.core.errors import Transient
from buffrsign.storage import BlobDamaged, BlobMissing, Blobs, BlobsUnavailable, Incoming, digest_of, take_in
from config.services import Services
from config.settings import load
from tests.support.faulty_line import FaultyLine, faulty_line
from tests.support.many_bytes import PART_BYTES, many_bytes
from tests.support.s3_server import client_of, running_s3, through
from tests.support.tls import CERTIFICATE
from tests.support.wait import wait_until

pytestmark = pytest.mark.needs("s3-server")

FOUR_PARTS = many_bytes(3 * PART_BYTES + 1)
SHA256 = digest_of(FOUR_PARTS)
KEY = f"{SHA256[:2]}/{SHA256}"
ABC = digest_of(b"abc")


def s3_blobs(place, **options) -> Blobs:
    from buffrsign.storage.s3 import S3Blobs
    from buffrsign.storage.s3_bucket import Patience

    hasty = Patience(connect_s=1, read_s=1, attempts=2)
    return S3Blobs(place, **{"part_bytes": PART_BYTES, "patience": hasty, "brisk": hasty, **options})


@pytest.fixture
def line(s3_server):
    with faulty_line(s3_server.port) as line:
        yield line


@pytest.fixture
def over_line(s3_place, line: FaultyLine) -> Blobs:
    """The test's bucket, by a line that may fail."""
    return s3_blobs(through(s3_place, line.port))


def parts_there(place) -> list[int]:
    """How many parts each unfinished upload has."""
    client = client_of(place)
    uploads = client.list_multipart_uploads(Bucket=place.bucket).get("Uploads", [])
    listed = [client.list_parts(Bucket=place.bucket, Key=each["Key"], UploadId=each["UploadId"]) for each in uploads]
    return [len(each.get("Parts", [])) for each in listed]


def test_an_upload_that_was_killed_is_continued_and_not_begun_anew(s3_place, line):
    line.silent_after = 2 * PART_BYTES + PART_BYTES // 2
    where = {name: value for name, value in vars(through(s3_place, line.port)).items() if value is not None}
    program = [
        sys.executable,
        "-m",
        "tests.support.many_bytes",
        json.dumps(where),
        str(len(FOUR_PARTS)),
        str(PART_BYTES),
    ]
    with subprocess.Popen(program) as uploading:
        wait_until(lambda: parts_there(s3_place) == [2], "two parts to be there")
        uploading.send_signal(signal.SIGKILL)

    with faulty_line(line.server) as second:
        blobs = s3_blobs(through(s3_place, second.port))
        blobs.put(FOUR_PARTS)

        assert len(FOUR_PARTS) - 2 * PART_BYTES < second.sent_bytes < len(FOUR_PARTS) - PART_BYTES
    assert s3_blobs(s3_place).get(SHA256) == FOUR_PARTS
    assert parts_there(s3_place) == []


def test_what_the_store_has_already_is_not_sent_again(over_line, line):
    over_line.put(FOUR_PARTS)
    before = line.sent_bytes

    over_line.put(FOUR_PARTS)

    assert line.sent_bytes - before < 10_000


def test_an_upload_that_somebody_aborted_is_worth_another_try(s3_place):
    blobs = s3_blobs(s3_place)

    with blobs.stage(Incoming.of(FOUR_PARTS)) as staged:
        blobs.clean(before=datetime.now(UTC) + timedelta(days=1))
        with pytest.raises(BlobsUnavailable, match="ended by somebody else"):
            staged.commit()

    assert blobs.get(blobs.put(FOUR_PARTS)) == FOUR_PARTS


def test_an_upload_that_somebody_completed_is_there(s3_place):
    blobs = s3_blobs(s3_place)

    with blobs.stage(Incoming.of(FOUR_PARTS)) as staged:
        s3_blobs(s3_place).put(FOUR_PARTS)
        staged.commit()

    assert blobs.get(SHA256) == FOUR_PARTS


def test_uploads_of_others_in_the_same_bucket_are_left_alone(s3_place):
    client = client_of(s3_place)
    for key in ("theirs", f"theirs/{KEY}", KEY.replace("/", "/x")):
        client.create_multipart_upload(Bucket=s3_place.bucket, Key=key)

    cleaned = s3_blobs(s3_place).clean(before=datetime.now(UTC) + timedelta(days=1))

    assert cleaned == 0
    assert len(client.list_multipart_uploads(Bucket=s3_place.bucket)["Uploads"]) == 3


def test_a_prefix_keeps_two_systems_apart_in_one_bucket(s3_place):
    ours, theirs = (s3_blobs(replace(s3_place, prefix=prefix)) for prefix in ("/ours/", "theirs"))
    ours.put(b"abc")

    assert ours.has(ABC)
    assert not theirs.has(ABC)
    assert client_of(s3_place).list_objects_v2(Bucket=s3_place.bucket)["Contents"][0]["Key"] == f"ours/ba/{ABC}"
    with pytest.raises(BlobsUnavailable, match="bucket and prefix"):
        theirs.require_mounted()


def test_a_connection_that_drops_is_taken_up_where_it_ended(over_line, line):
    over_line.put(FOUR_PARTS)
    line.connections = 0
    line.hang_up_after = lambda answered: answered > 800_000

    assert over_line.get(SHA256) == FOUR_PARTS
    assert line.connections >= 3


def test_a_line_that_never_brings_anything_is_worth_another_try(s3_place, over_line, line):
    s3_blobs(s3_place).put(FOUR_PARTS)
    line.hang_up_after = lambda answered: answered > 20_000

    with pytest.raises(BlobsUnavailable, match="broke off again and again"):
        over_line.get(SHA256)


def test_a_server_that_falls_silent_is_not_waited_for_for_ever(s3_place, over_line, line):
    s3_blobs(s3_place).put(b"abc")
    line.silent_after = 0

    for ask in (over_line.get, over_line.has, over_line.delete):
        with pytest.raises(BlobsUnavailable, match="did not answer"):
            ask(ABC)
    for data in (b"abc", FOUR_PARTS):
        with pytest.raises(BlobsUnavailable, match="did not answer"):
            over_line.put(data)


def test_nobody_waits_for_the_catalog_while_a_slow_server_takes_an_upload(s3_place, line, catalog):
    line.silent_after = PART_BYTES
    slow = s3_blobs(through(s3_place, line.port))
    with ThreadPoolExecutor(1) as threads:
        upload = threads.submit(take_in, FOUR_PARTS, document_id="doc_7", title="A", catalog=catalog, blobs=slow)
        wait_until(lambda: line.sent_bytes >= PART_BYTES, "the upload to be on its way")
        catalog.add("doc_8", ABC, size_bytes=3, title="B")
        on_its_way = not upload.done()

        with pytest.raises(BlobsUnavailable):
            upload.result()

    assert on_its_way


def test_a_server_that_is_away_is_worth_another_try_and_has_everything_when_it_is_back(tmp_path):
    with running_s3(tmp_path) as server:
        place = server.place("blobs")
        client_of(place).create_bucket(Bucket="blobs")
        blobs = s3_blobs(place)
        blobs.put(FOUR_PARTS)
        server.kill()

        for ask in (blobs.get, blobs.has, blobs.delete):
            with pytest.raises(BlobsUnavailable, match="did not answer: EndpointConnectionError") as refused:
                ask(SHA256)
        assert isinstance(refused.value, Transient)
        assert place.endpoint not in str(refused.value)
        with pytest.raises(BlobsUnavailable):
            blobs.put(FOUR_PARTS)

        server.start()
        assert blobs.get(SHA256) == FOUR_PARTS


def test_a_store_is_believed_only_with_a_certificate_that_we_trust(tmp_path):
    with running_s3(tmp_path, certificate=CERTIFICATE) as server:
        place = server.place("blobs")
        client_of(place).create_bucket(Bucket="blobs")
        blobs = s3_blobs(place)

        assert blobs.get(blobs.put(FOUR_PARTS)) == FOUR_PARTS
        with pytest.raises(BlobsUnavailable, match="SSLError"):
            s3_blobs(replace(place, ca_file=None)).get(SHA256)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bucket": "nobodys"}, "NoSuchBucket"),
        ({"secret_key": "a wrong secret"}, "SignatureDoesNotMatch|403"),  # an answer to HEAD has no more than a number
        ({"access_key": "tests:nobody"}, "InvalidAccessKeyId|AccessDenied|SignatureDoesNotMatch|403"),
    ],
    ids=["bucket", "secret key", "access key"],
)
def test_a_store_that_refuses_us_says_why_and_loses_nothing(s3_place, wrong, said):
    blobs = s3_blobs(replace(s3_place, **wrong))

    for ask in (
        lambda: blobs.put(b"abc"),
        lambda: blobs.put(FOUR_PARTS),
        lambda: blobs.get(ABC),
        blobs.require_mounted,
    ):
        with pytest.raises(BlobsUnavailable, match=said) as refused:
            ask()
        assert "a wrong secret" not in str(refused.value)


def files_with(server, data: bytes) -> list[Path]:
    return [file for file in server.files_of_objects() if data in file.read_bytes()]


def test_what_rots_on_the_stores_disk_is_found_out_and_healed_by_another_put(s3_server, s3_place):
    data = b"rotting" * 1000
    blobs = s3_blobs(s3_place)
    sha256 = blobs.put(data)
    [file] = files_with(s3_server, data)
    with file.open("r+b") as bytes_on_disk:
        bytes_on_disk.write(b"R")

    with pytest.raises((BlobDamaged, BlobMissing), match=sha256):
        blobs.get(sha256)

    assert blobs.get(blobs.put(data)) == data


def test_what_was_cut_off_on_the_stores_disk_is_never_taken_for_the_blob(s3_server, s3_place):
    data = b"truncated" * 1000
    blobs = s3_blobs(s3_place)
    sha256 = blobs.put(data)
    [file] = files_with(s3_server, data)
    with file.open("r+b") as bytes_on_disk:
        bytes_on_disk.truncate(10)

    with pytest.raises((BlobDamaged, BlobMissing), match=sha256):
        blobs.get(sha256)

    assert blobs.get(blobs.put(data)) == data


def test_the_settings_choose_the_store(s3_place, tmp_path):
    environment = {
        "REDIS_URL": "redis://127.0.0.1:6379",
        "BUFFRSIGN_DATABASE_URL": f"sqlite:///{tmp_path}/buffrsign.db",
        **{
            f"BUFFRSIGN_S3_{name.upper()}": getattr(s3_place, name)
            for name in ("endpoint", "bucket", "access_key", "secret_key")
        },
    }
    with closing(Services(load(environment))) as services:
        services.blobs.put(b"abc")

    assert s3_blobs(s3_place).get(ABC) == b"abc"
