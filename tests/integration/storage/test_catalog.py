from datetime import timedelta
from functools import partial

import pytest

from buffrsign.core.sql import Database
from buffrsign.storage import (
    Catalog,
    Document,
    DocumentState,
    DocumentUnknown,
    PagePictures,
    Step,
    StepFinished,
    StoredPicture,
    Version,
    VersionDeleted,
    digest_of,
)
from tests.support.clock import NOON, StoppedClock
from tests.support.racing import race

FIRST, SECOND, THUMBNAIL = digest_of(b"first"), digest_of(b"second"), digest_of(b"thumbnail")
BOTH = frozenset({Step.INSPECT, Step.THUMBNAILS})
PAGE_1 = PagePictures(1, {"preview.webp": StoredPicture(THUMBNAIL, 1024, 1449)})


@pytest.fixture
def uploaded(catalog) -> Version:
    return catalog.add("doc_7", FIRST, size_bytes=5, title="Service agreement")


def expire(catalog: Catalog, document_id: str, sha256: str) -> None:
    with catalog.deleting(document_id, sha256):
        pass


def test_an_upload_is_version_1_of_a_received_document(catalog):
    version = catalog.add("doc_7", FIRST, size_bytes=5, title="Agreement", retain_until=NOON + timedelta(days=90))

    assert version == catalog.version("doc_7") == Version("doc_7", FIRST, 1, NOON, 5, deleted_at=None)
    assert catalog.document("doc_7") == Document(
        "doc_7",
        "Agreement",
        created_at=NOON,
        retain_until=NOON + timedelta(days=90),
        on_hold=False,
        state=DocumentState.RECEIVED,
        state_reason="",
    )


def test_the_same_bytes_again_are_the_same_version_and_change_nothing(catalog, uploaded):
    catalog.set_state("doc_7", DocumentState.READY)

    assert catalog.add("doc_7", FIRST, size_bytes=5, title="Another title") == uploaded
    assert catalog.document("doc_7").title == "Service agreement"
    assert catalog.document("doc_7").state is DocumentState.READY


def test_other_bytes_are_the_next_version_and_the_document_is_received_again(catalog, uploaded, clock):
    catalog.set_state("doc_7", DocumentState.READY)
    clock.advance(timedelta(hours=1))

    second = catalog.add("doc_7", SECOND, size_bytes=6, title="Service agreement, amended")

    assert (second.number, catalog.version("doc_7")) == (2, second)
    assert catalog.version("doc_7", FIRST) == uploaded
    assert catalog.document("doc_7").title == "Service agreement, amended"
    assert catalog.document("doc_7").state is DocumentState.RECEIVED
    assert catalog.document("doc_7").created_at == NOON


def test_uploads_at_once_get_numbers_of_their_own(catalog):
    digests = [digest_of(str(number).encode()) for number in range(8)]

    added = race([partial(catalog.add, "doc_7", sha256, size_bytes=1, title="Agreement") for sha256 in digests])

    assert sorted(version.number for version in added) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "ask",
    [
        lambda catalog: catalog.document("doc_8"),
        lambda catalog: catalog.version("doc_8"),
        lambda catalog: catalog.version("doc_7", SECOND),
        lambda catalog: catalog.set_state("doc_8", DocumentState.READY),
        lambda catalog: catalog.hold("doc_8"),
        lambda catalog: catalog.release("doc_8"),
        lambda catalog: catalog.attach("doc_7", SECOND, blob=THUMBNAIL),
        lambda catalog: catalog.finish_step("doc_7", SECOND, Step.INSPECT, {}, of=BOTH),
    ],
)
def test_what_was_never_uploaded_is_unknown(catalog, uploaded, ask):
    with pytest.raises(DocumentUnknown):
        ask(catalog)


def test_a_document_says_where_it_is_and_why(catalog, uploaded):
    assert catalog.set_state("doc_7", DocumentState.HELD, "encrypted")

    assert catalog.document("doc_7").state is DocumentState.HELD
    assert catalog.document("doc_7").state_reason == "encrypted"


def test_the_last_step_of_a_set_completes_it(catalog, uploaded):
    inspected = catalog.finish_step("doc_7", FIRST, Step.INSPECT, {"pages": 2}, of=BOTH)
    rendered = catalog.finish_step("doc_7", FIRST, Step.THUMBNAILS, {"width": 256}, of=BOTH)

    assert inspected == StepFinished(first=True, completed_set=False)
    assert rendered == StepFinished(first=True, completed_set=True)


def test_a_repeat_of_the_step_that_completed_the_set_hands_on_again_and_no_other_does(catalog, uploaded):
    catalog.finish_step("doc_7", FIRST, Step.INSPECT, {"pages": 2}, of=BOTH)
    catalog.finish_step("doc_7", FIRST, Step.THUMBNAILS, {}, of=BOTH)
    catalog.finish_step("doc_7", FIRST, Step.COMPLIANCE_RECEIVED, {}, of=frozenset({Step.COMPLIANCE_RECEIVED}))

    again = [catalog.finish_step("doc_7", FIRST, step, {}, of=BOTH) for step in (Step.INSPECT, Step.THUMBNAILS)]

    assert again == [StepFinished(first=False, completed_set=False), StepFinished(first=False, completed_set=True)]


def test_a_step_outside_the_set_does_not_complete_it(catalog, uploaded):
    for step in BOTH:
        catalog.finish_step("doc_7", FIRST, step, {}, of=BOTH)

    finished = catalog.finish_step("doc_7", FIRST, Step.COMPLIANCE_RECEIVED, {}, of=BOTH)

    assert finished == StepFinished(first=True, completed_set=False)


def test_the_first_result_of_a_step_stays(catalog, uploaded):
    catalog.finish_step("doc_7", FIRST, Step.INSPECT, {"pages": 2, "sizes": [[595.0, 842.0]], "title": None}, of=BOTH)
    catalog.finish_step("doc_7", FIRST, Step.INSPECT, {"pages": 3}, of=BOTH)

    assert catalog.results("doc_7", FIRST) == {
        Step.INSPECT: {"pages": 2, "sizes": [[595.0, 842.0]], "title": None},
    }


def test_each_version_has_steps_of_its_own(catalog, uploaded):
    catalog.add("doc_7", SECOND, size_bytes=6, title="Service agreement")
    catalog.finish_step("doc_7", FIRST, Step.INSPECT, {}, of=BOTH)

    assert catalog.results("doc_7", SECOND) == {}
    assert not catalog.finish_step("doc_7", SECOND, Step.THUMBNAILS, {}, of=BOTH).completed_set


def test_steps_that_finish_at_once_hand_the_document_on_exactly_once(catalog, database):
    workers = [Database(database.url) for _ in range(2)]
    catalogs = [Catalog(each, clock=StoppedClock()) for each in workers]

    for number in range(10):
        document_id = f"doc_{number}"
        catalog.add(document_id, FIRST, size_bytes=5, title="Agreement")
        inspect = partial(catalogs[0].finish_step, document_id, FIRST, Step.INSPECT, {}, of=BOTH)
        render = partial(catalogs[1].finish_step, document_id, FIRST, Step.THUMBNAILS, {}, of=BOTH)

        assert sorted(finished.completed_set for finished in race([inspect, render])) == [False, True]

    for each in workers:
        each.close()


def test_one_step_recorded_by_many_at_once_is_first_for_one_of_them(catalog, uploaded):
    finish = partial(catalog.finish_step, "doc_7", FIRST, Step.INSPECT, {}, of=BOTH)

    assert sorted(finished.first for finished in race([finish] * 6)) == [False] * 5 + [True]


def test_the_pages_of_a_version_are_known_by_number_with_their_pictures(catalog, uploaded):
    catalog.put_pages("doc_7", FIRST, [PagePictures(3, {}, "damaged"), PAGE_1])

    assert list(catalog.pages("doc_7", FIRST).items()) == [(1, PAGE_1), (3, PagePictures(3, {}, "damaged"))]
    assert catalog.pages("doc_7", SECOND) == {}


def test_what_is_known_of_a_page_stays(catalog, uploaded):
    catalog.put_pages("doc_7", FIRST, [PAGE_1])

    catalog.put_pages("doc_7", FIRST, [PagePictures(1, {}, "timeout"), PagePictures(2, {}, "timeout")])

    assert catalog.pages("doc_7", FIRST) == {1: PAGE_1, 2: PagePictures(2, {}, "timeout")}


def test_nothing_more_is_done_to_a_deleted_version(catalog):
    catalog.add("doc_7", FIRST, size_bytes=5, title="Agreement", retain_until=NOON)
    expire(catalog, "doc_7", FIRST)

    with pytest.raises(VersionDeleted):
        catalog.finish_step("doc_7", FIRST, Step.INSPECT, {}, of=BOTH)
    with pytest.raises(VersionDeleted):
        catalog.attach("doc_7", FIRST, blob=THUMBNAIL)
    with pytest.raises(VersionDeleted):
        catalog.put_pages("doc_7", FIRST, [PAGE_1])
    assert not catalog.set_state("doc_7", DocumentState.READY)
    assert catalog.document("doc_7").state is DocumentState.DELETED


def test_a_deleted_document_may_be_uploaded_again_and_is_worked_on_again(catalog):
    catalog.add("doc_7", FIRST, size_bytes=5, title="Agreement", retain_until=NOON)
    catalog.attach("doc_7", FIRST, blob=THUMBNAIL)
    catalog.finish_step("doc_7", FIRST, Step.INSPECT, {}, of=BOTH)
    catalog.put_pages("doc_7", FIRST, [PAGE_1])
    expire(catalog, "doc_7", FIRST)

    again = catalog.add("doc_7", FIRST, size_bytes=5, title="Agreement", retain_until=NOON + timedelta(days=1))

    assert (again.number, again.deleted_at) == (2, None)
    assert catalog.document("doc_7").state is DocumentState.RECEIVED
    assert catalog.results("doc_7", FIRST) == catalog.pages("doc_7", FIRST) == {}
    assert catalog.expired(at_most=10) == []
