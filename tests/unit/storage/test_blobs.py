import errno
import os
from functools import partial
from pathlib import Path

import pytest

from buffrsign.storage import BlobDamaged, BlobMissing, BlobsUnavailable, LocalBlobs, digest_of
from tests.support.racing import race

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, SHA-256 of "abc"


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "var" / "blobs")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("data", [b"", b"abc", os.urandom(3_000_000)], ids=["nothing", "abc", "megabytes"])
def test_what_was_put_comes_back(blobs, data):
    assert blobs.get(blobs.put(data)) == data


def test_a_blob_is_named_by_its_sha256_and_filed_under_the_first_two_digits(blobs, tmp_path):
    assert blobs.put(b"abc") == digest_of(b"abc") == ABC

    assert files_in(tmp_path) == [tmp_path / "var" / "blobs" / "ba" / ABC]


def test_putting_again_changes_nothing(blobs, tmp_path):
    blobs.put(b"abc")
    blobs.put(b"abc")

    assert len(files_in(tmp_path)) == 1


def test_a_blob_that_never_came_is_missing(blobs):
    assert not blobs.has(ABC)
    with pytest.raises(BlobMissing, match=ABC):
        blobs.get(ABC)


@pytest.mark.parametrize("damage", [b"abd", b"ab", b""])
def test_a_tampered_file_is_found_out_on_reading(blobs, tmp_path, damage):
    blobs.put(b"abc")
    files_in(tmp_path)[0].write_bytes(damage)

    with pytest.raises(BlobDamaged, match=ABC):
        blobs.get(ABC)


def test_putting_the_true_bytes_again_heals_a_damaged_blob(blobs, tmp_path):
    blobs.put(b"abc")
    files_in(tmp_path)[0].write_bytes(b"abd")

    blobs.put(b"abc")

    assert blobs.get(ABC) == b"abc"


def test_a_blob_is_deleted_once(blobs):
    blobs.put(b"abc")

    assert blobs.delete(ABC)
    assert not blobs.has(ABC)
    assert not blobs.delete(ABC)


def test_what_a_killed_writer_left_of_a_blob_goes_with_it(blobs, tmp_path):
    blobs.put(b"abc")
    (tmp_path / "var" / "blobs" / "ba" / f".{ABC}.k1ll3d").write_bytes(b"ab")

    assert blobs.get(ABC) == b"abc"
    assert blobs.delete(ABC)
    assert files_in(tmp_path) == []


def test_many_putting_the_same_bytes_at_once_leave_one_whole_blob(blobs, tmp_path):
    data = os.urandom(200_000)

    digests = race([partial(blobs.put, data)] * 8)

    assert digests == [digest_of(data)] * 8
    assert len(files_in(tmp_path)) == 1
    assert blobs.get(digests[0]) == data


def test_whoever_reads_while_others_write_sees_the_whole_blob(blobs):
    data = os.urandom(200_000)
    sha256 = blobs.put(data)

    answers = race([partial(blobs.put, data), partial(blobs.get, sha256)] * 4)

    assert answers == [sha256, data] * 4


@pytest.mark.parametrize("name", ["", "../../etc/passwd", ABC.upper(), ABC + "\n", ABC[:-1]])
def test_no_path_is_made_of_what_is_not_a_digest(blobs, name):
    with pytest.raises(ValueError, match="64 lower-case hex digits"):
        blobs.get(name)


def test_a_disk_that_refuses_is_worth_another_try_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "blobs").write_text("a file where the folder should be")

    with pytest.raises(BlobsUnavailable, match=os.strerror(errno.ENOTDIR)):
        LocalBlobs(tmp_path / "blobs").put(b"abc")


def test_a_write_that_fails_half_way_leaves_nothing_behind(blobs, tmp_path):
    (tmp_path / "var" / "blobs" / "ba" / ABC).mkdir(parents=True)  # the rename onto it fails

    with pytest.raises(BlobsUnavailable):
        blobs.put(b"abc")

    assert files_in(tmp_path) == []


def test_a_storage_that_has_nothing_at_all_is_taken_for_a_disk_that_is_not_mounted(blobs, tmp_path):
    for folder in (None, tmp_path / "var" / "blobs"):
        if folder:
            folder.mkdir(parents=True)
        with pytest.raises(BlobsUnavailable, match="mount the disk"):
            blobs.require_mounted()


def test_a_storage_that_misses_one_blob_is_mounted(blobs):
    blobs.delete(blobs.put(b"abc"))

    blobs.require_mounted()
