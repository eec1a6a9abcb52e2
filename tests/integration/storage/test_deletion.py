from datetime import timedelta

import pytest

from buffrsign.storage import (
    Deletion,
    DocumentState,
    DocumentUnknown,
    NotDue,
    Version,
    VersionDeleted,
    attach,
    digest_of,
    take_in,
)
from tests.support.clock import NOON
from tests.support.racing import race


@pytest.fixture
def upload(catalog, blobs):
    def upload(document_id: str, data: bytes, *, retain_until=NOON) -> Version:
        return take_in(
            data, document_id=document_id, title="Agreement", retain_until=retain_until, catalog=catalog, blobs=blobs
        )

    return upload


@pytest.fixture
def sweep(catalog, blobs):
    """What the task for expired documents does with storage."""

    def sweep() -> list[Version]:
        deleted = []
        for version in catalog.expired(at_most=100):
            with catalog.deleting(version.document_id, version.sha256) as deletion:
                if isinstance(deletion, Deletion):
                    for blob in deletion.unused_blobs:
                        blobs.delete(blob)
                    deleted.append(version)
        return deleted

    return sweep


def test_an_upload_is_in_the_catalog_and_its_bytes_in_the_blobs(upload, catalog, blobs):
    version = upload("doc_7", b"agreement")

    assert catalog.version("doc_7") == version
    assert version.size_bytes == len(b"agreement")
    assert blobs.get(version.sha256) == b"agreement"


def test_a_document_is_kept_until_its_time_and_deleted_then(upload, sweep, blobs, catalog, clock):
    version = upload("doc_7", b"agreement", retain_until=NOON + timedelta(days=1))
    early = sweep()
    clock.advance(timedelta(days=1))

    assert (early, sweep(), sweep()) == ([], [version], [])

    assert not blobs.has(version.sha256)
    assert catalog.version("doc_7").deleted_at == NOON + timedelta(days=1)
    assert catalog.document("doc_7").state is DocumentState.DELETED


def test_a_document_without_an_end_is_never_expired(upload, catalog, clock):
    upload("doc_7", b"agreement", retain_until=None)
    clock.advance(timedelta(days=10_000))

    assert catalog.expired(at_most=10) == []


def test_the_longest_overdue_go_first_and_no_more_than_asked(upload, catalog, clock):
    for days in (3, 1, 2):
        upload(f"doc_{days}", b"agreement", retain_until=NOON + timedelta(days=days))
    clock.advance(timedelta(days=5))

    assert [version.document_id for version in catalog.expired(at_most=2)] == ["doc_1", "doc_2"]


def test_all_versions_of_a_document_go_with_it(upload, sweep, blobs):
    versions = [upload("doc_7", b"draft"), upload("doc_7", b"final")]

    assert sweep() == versions
    assert not any(blobs.has(version.sha256) for version in versions)


def test_a_document_on_hold_is_not_deleted_until_it_is_released(upload, sweep, catalog, blobs):
    version = upload("doc_7", b"agreement")
    catalog.hold("doc_7")
    while_held = sweep()
    with catalog.deleting("doc_7", version.sha256) as deletion:
        assert deletion == NotDue()
    catalog.release("doc_7")

    assert (while_held, sweep()) == ([], [version])


def test_a_blob_goes_only_when_no_version_refers_to_it(upload, sweep, blobs, catalog, clock):
    upload("doc_7", b"the same bytes")
    version = upload("doc_8", b"the same bytes", retain_until=NOON + timedelta(days=1))

    sweep()
    assert blobs.get(version.sha256) == b"the same bytes"

    clock.advance(timedelta(days=1))
    sweep()
    assert not blobs.has(version.sha256)


def test_what_was_made_from_a_version_goes_with_it(upload, sweep, blobs, catalog):
    version = upload("doc_7", b"agreement")
    thumbnail = attach(b"picture", to=version, catalog=catalog, blobs=blobs)
    attach(b"picture", to=version, catalog=catalog, blobs=blobs)

    sweep()

    assert not blobs.has(thumbnail)


def test_a_picture_shared_by_two_documents_stays_until_both_are_gone(upload, sweep, blobs, catalog, clock):
    for document_id, days in (("doc_7", 0), ("doc_8", 1)):
        version = upload(document_id, document_id.encode(), retain_until=NOON + timedelta(days=days))
        thumbnail = attach(b"picture", to=version, catalog=catalog, blobs=blobs)

    sweep()
    assert blobs.has(thumbnail)

    clock.advance(timedelta(days=1))
    sweep()
    assert not blobs.has(thumbnail)


def test_nothing_is_stored_for_a_version_that_went_meanwhile(upload, sweep, blobs, catalog):
    version = upload("doc_7", b"agreement")
    sweep()

    with pytest.raises(VersionDeleted):
        attach(b"picture", to=version, catalog=catalog, blobs=blobs)

    assert not blobs.has(digest_of(b"picture"))


def test_an_upload_that_comes_again_may_keep_the_document_longer_and_never_shorter(upload, sweep, blobs):
    version = upload("doc_7", b"agreement", retain_until=NOON)

    upload("doc_7", b"agreement", retain_until=NOON + timedelta(days=3650))
    upload("doc_7", b"agreement", retain_until=NOON - timedelta(days=1))

    assert sweep() == []
    assert blobs.has(version.sha256)


def test_a_blob_that_is_put_while_its_version_is_deleted_does_not_stay(upload, sweep, blobs, catalog):
    version = upload("doc_7", b"agreement")
    catalog.attach(version.document_id, version.sha256, blob=digest_of(b"picture"))

    sweep()
    with pytest.raises(VersionDeleted), catalog.while_live(version.document_id, version.sha256):
        blobs.put(b"picture")

    assert not blobs.has(digest_of(b"picture"))


def test_a_crash_before_the_end_leaves_the_version_to_the_next_run(upload, sweep, blobs, catalog):
    version = upload("doc_7", b"agreement")

    def delete_and_crash():
        with catalog.deleting("doc_7", version.sha256) as deletion:
            blobs.delete(deletion.unused_blobs[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delete_and_crash()

    assert sweep() == [version]
    assert catalog.document("doc_7").state is DocumentState.DELETED


def test_sweepers_who_meet_delete_each_version_once(upload, sweep):
    for number in range(6):
        upload(f"doc_{number}", str(number).encode())

    deleted = race([sweep] * 3)

    assert sorted(version.document_id for versions in deleted for version in versions) == [
        f"doc_{number}" for number in range(6)
    ]


def test_an_upload_never_loses_its_bytes_to_the_deletion_of_another(upload, sweep, blobs):
    for number in range(15):
        data = b"the same bytes" + bytes([number])
        upload(f"old_{number}", data)

        def upload_again(number=number, data=data):
            return upload(f"new_{number}", data, retain_until=None)

        _, version = race([sweep, upload_again])

        assert blobs.get(version.sha256) == data


def test_deleting_what_was_never_uploaded_is_not_due(catalog):
    with catalog.deleting("doc_7", digest_of(b"agreement")) as deletion:
        assert deletion == NotDue()
    with pytest.raises(DocumentUnknown):
        catalog.version("doc_7")
