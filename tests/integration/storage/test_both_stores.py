import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO

import pytest

from buffrsign.core.errors import Permanent, Transient
from buffrsign.storage import (
    BlobDamaged,
    BlobMissing,
    BlobsUnavailable,
    BlobTooLarge,
    Incoming,
    digest_of,
    receive,
    take_in,
)
from buffrsign.storage.s3 import PART_BYTES
from tests.support.many_bytes import many_bytes
from tests.support.racing import race

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, SHA-256 of "abc"
SEVERAL_PARTS = many_bytes(2_500_000)
IN_PARTS = many_bytes(300_000)
EVERY_SIZE = pytest.mark.parametrize(
    "data", [b"", b"abc", IN_PARTS, SEVERAL_PARTS], ids=["nothing", "abc", "one part", "several parts"]
)


def anything_left(blobs) -> int:
    """How much is staged, and now no longer."""
    return blobs.clean(before=datetime.now(UTC) + timedelta(days=1))


@EVERY_SIZE
def test_what_was_put_comes_back(blobs, data):
    sha256 = blobs.put(data)

    assert sha256 == digest_of(data)
    assert blobs.has(sha256)
    assert blobs.get(sha256) == data
    assert anything_left(blobs) == 0


def test_a_stream_comes_back_in_small_pieces(blobs):
    with receive(BytesIO(SEVERAL_PARTS), at_most_bytes=len(SEVERAL_PARTS)) as incoming, blobs.stage(incoming) as staged:
        staged.commit()

    pieces = list(blobs.chunks(incoming.sha256))

    assert max(len(piece) for piece in pieces) <= 1024 * 1024
    assert b"".join(pieces) == SEVERAL_PARTS


@EVERY_SIZE
def test_nobody_sees_what_is_staged_before_it_is_committed(blobs, data):
    incoming = Incoming.of(data)

    with blobs.stage(incoming) as staged:
        before = blobs.has(incoming.sha256)
        staged.commit()

    assert (before, blobs.has(incoming.sha256)) == (False, True)


@EVERY_SIZE
def test_what_is_staged_for_a_version_that_is_gone_is_dropped(blobs, data):
    with pytest.raises(Permanent, match="gone"), blobs.stage(Incoming.of(data)):
        raise Permanent("the version is gone")

    assert not blobs.has(digest_of(data))
    assert anything_left(blobs) == 0


def test_what_an_outage_interrupts_is_finished_by_the_next_try(blobs):
    with pytest.raises(Transient, match="locked"), blobs.stage(Incoming.of(SEVERAL_PARTS)):
        raise Transient("the catalog is locked")

    assert blobs.get(blobs.put(SEVERAL_PARTS)) == SEVERAL_PARTS
    assert anything_left(blobs) == 0


@EVERY_SIZE
def test_a_blob_that_never_came_is_missing(blobs, data):
    assert not blobs.has(digest_of(data))
    with pytest.raises(BlobMissing, match=digest_of(data)):
        blobs.get(digest_of(data))


@pytest.mark.parametrize("data", [b"abc", SEVERAL_PARTS], ids=["abc", "several parts"])
@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1] + b"?", lambda data: data[:-1], lambda data: data + b"?", lambda _: b""],
    ids=["altered", "truncated", "longer", "emptied"],
)
def test_bytes_that_were_tampered_with_are_found_out_before_the_last_of_them_is_handed_out(store, data, damage):
    sha256 = store.blobs.put(data)
    store.overwrite(sha256, damage(data))
    pieces = store.blobs.chunks(sha256)
    seen: list[bytes] = []

    with pytest.raises(BlobDamaged, match=sha256):
        seen.extend(pieces)

    assert sum(len(piece) for piece in seen) < len(data)
    with pytest.raises(BlobDamaged, match=sha256):
        store.blobs.get(sha256)


@pytest.mark.parametrize("data", [b"abc", SEVERAL_PARTS], ids=["abc", "several parts"])
def test_putting_the_true_bytes_again_heals_a_damaged_blob(store, data):
    sha256 = store.blobs.put(data)
    store.overwrite(sha256, data[:-1] + b"?")

    store.blobs.put(data)

    assert store.blobs.get(sha256) == data


@EVERY_SIZE
def test_a_blob_is_deleted_once(blobs, data):
    sha256 = blobs.put(data)

    assert blobs.delete(sha256)
    assert not blobs.has(sha256)
    assert not blobs.delete(sha256)


def test_what_was_staged_of_a_blob_goes_with_it(blobs):
    blobs.put(SEVERAL_PARTS)
    other = Incoming.of(SEVERAL_PARTS[1:])
    with pytest.raises(Transient), blobs.stage(other):
        raise Transient("the catalog is locked")

    blobs.delete(digest_of(SEVERAL_PARTS))
    blobs.delete(other.sha256)

    assert anything_left(blobs) == 0


def test_only_what_was_staged_long_ago_is_cleaned(blobs):
    with blobs.stage(Incoming.of(SEVERAL_PARTS)) as staged:
        cleaned = blobs.clean(before=datetime.now(UTC) - timedelta(hours=1))
        staged.commit()

    assert cleaned == 0
    assert blobs.get(digest_of(SEVERAL_PARTS)) == SEVERAL_PARTS


@pytest.mark.parametrize("data", [b"abc", IN_PARTS, SEVERAL_PARTS], ids=["abc", "one part", "several parts"])
def test_many_putting_the_same_bytes_at_once_leave_one_whole_blob(blobs, data):
    digests = race([partial(blobs.put, data)] * 4)

    assert digests == [digest_of(data)] * 4
    assert blobs.get(digests[0]) == data


def test_whoever_reads_while_others_write_sees_the_whole_blob(blobs):
    sha256 = blobs.put(IN_PARTS)

    answers = race([partial(blobs.put, IN_PARTS), partial(blobs.get, sha256)] * 3)

    assert answers == [sha256, IN_PARTS] * 3


@EVERY_SIZE
def test_what_is_larger_than_its_reader_takes_is_not_read(blobs, data):
    sha256 = blobs.put(data + b"?")

    with pytest.raises(BlobTooLarge, match=f"more than {len(data)} bytes") as refused:
        next(blobs.chunks(sha256, at_most_bytes=len(data)))

    assert isinstance(refused.value, Permanent)
    assert blobs.get(sha256, at_most_bytes=len(data) + 1) == data + b"?"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", ABC.upper(), ABC + "\n", ABC[:-1]])
@pytest.mark.parametrize("ask", ["get", "chunks", "has", "delete"])
def test_no_place_is_made_of_what_is_not_a_digest(blobs, name, ask):
    with pytest.raises(ValueError, match="64 lower-case hex digits"):
        getattr(blobs, ask)(name)


def test_a_store_that_has_nothing_at_all_is_taken_for_the_wrong_one(blobs):
    with pytest.raises(BlobsUnavailable, match="blob storage is empty"):
        blobs.require_mounted()


def test_a_store_that_misses_one_blob_is_the_right_one(blobs):
    blobs.put(b"abc")
    blobs.delete(blobs.put(b"abd"))

    blobs.require_mounted()


def test_a_stream_is_taken_in_like_an_upload_in_memory(blobs, catalog):
    with receive(BytesIO(SEVERAL_PARTS), at_most_bytes=len(SEVERAL_PARTS)) as incoming:
        version = take_in(incoming, document_id="doc_7", title="Agreement", catalog=catalog, blobs=blobs)

    assert (version.sha256, version.size_bytes) == (digest_of(SEVERAL_PARTS), len(SEVERAL_PARTS))
    assert blobs.get(version.sha256) == SEVERAL_PARTS


@pytest.mark.slow
def test_two_hundred_megabytes_are_stored_and_read_in_the_memory_of_a_few_parts(store):
    size = 200 * 1024 * 1024
    program = [sys.executable, "-m", "tests.support.many_bytes", json.dumps(store.where), str(size), str(PART_BYTES)]

    told = json.loads(subprocess.run(program, check=True, stdout=subprocess.PIPE).stdout)

    assert told["read"] == size
    assert store.blobs.has(told["sha256"])
    assert told["memory_bytes"] < 40 * 1024 * 1024, told
