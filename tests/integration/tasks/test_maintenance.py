import os
from datetime import timedelta

import pytest

from buffrsign.core.errors import Transient
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import (
    AnalyseDocument,
    DetectFields,
    InspectDocument,
    RenderPreviews,
    RenderThumbnails,
)
from buffrsign.jobs.maintenance import CacheCleanup, ExpiredDocuments, UncertainLetters
from buffrsign.mail.record import DeliveryRecord
from buffrsign.mail.states import State
from buffrsign.producer import BrokerUnavailable
from buffrsign.state.cache import Namespace
from buffrsign.state.keys import CACHE_PREFIX
from buffrsign.storage import BlobsUnavailable, DocumentState, LocalBlobs, Step, Version
from buffrsign.testing import RecordingProducer
from config.cache import INSPECTIONS
from config.services import Services
from tasks.compliance import check_eta_2019
from tasks.documents import analyse_document, detect_fields, inspect_document, render_previews, render_thumbnails
from tasks.maintenance import clean_cache, delete_expired_documents, tell_of_uncertain_letters
from tests.support import pdfs
from tests.support.clock import NOON, StoppedClock
from tests.support.family import actions, upload
from tests.support.mail import COMPLETED, REQUEST
from tests.support.mail_records import bring_to

pytestmark = pytest.mark.usefixtures("shared_sandbox")

EXPIRED = NOON - timedelta(days=1)


class BrokerAwayOnce(RecordingProducer):
    """A producer whose broker does not answer the first time; it may have accepted the job all the same."""

    def __init__(self, *, accepts: bool, clock: StoppedClock) -> None:
        super().__init__(clock=clock)
        self.is_away = True
        self.accepts = accepts

    def enqueue(self, job, **options):
        if not self.is_away:
            return super().enqueue(job, **options)
        self.is_away = False
        if self.accepts:
            super().enqueue(job, **options)
        raise BrokerUnavailable("the broker did not answer as it should; try again")


def process(services: Services, version: Version) -> list[str]:
    """Take a version through all its steps; every blob that there is of it."""
    document_id, sha256 = version.document_id, version.sha256
    inspect_document.run(InspectDocument(document_id=document_id, sha256=sha256), services)
    render_thumbnails.run(RenderThumbnails(document_id=document_id, sha256=sha256), services)
    render_previews.run(RenderPreviews(document_id=document_id, sha256=sha256), services)
    detect_fields.run(DetectFields(document_id=document_id, sha256=sha256), services)
    analysed = analyse_document.run(AnalyseDocument(document_id=document_id, sha256=sha256), services)
    checked = check_eta_2019.run(Eta2019Check(document_id=document_id, sha256=sha256, stage=Stage.RECEIVED), services)
    pages = services.catalog.pages(document_id, sha256).values()
    pictures = [picture.blob for page in pages for picture in page.pictures.values()]
    return [sha256, *pictures, analysed.data["analysis"], checked.data["report"], checked.data["report_text"]]


def deletions(enqueued: RecordingProducer) -> list[RecordEvent]:
    """The entries of deletions that were asked for."""
    return [entry for entry in enqueued.jobs(RecordEvent) if entry.action == "document.deleted"]


def test_an_expired_document_loses_its_bytes_and_all_that_was_made_of_them(services, enqueued):
    blobs = process(services, upload(services, pdfs.plain(), retain_until=NOON))

    done = delete_expired_documents.run(ExpiredDocuments(), services)

    document = services.catalog.document("doc_7")
    assert [services.blobs.has(blob) for blob in blobs] == [False] * 7
    assert (document.state, document.state_reason) == (DocumentState.DELETED, "expired")
    assert services.catalog.version("doc_7").deleted_at == NOON
    assert (done.outcome, done.data) == ("1 deleted", {"deleted": 1})
    [entry] = deletions(enqueued)
    assert (entry.document_id, entry.occurred_at) == ("doc_7", NOON)
    assert entry.details == {"sha256": blobs[0], "blobs": 7, "reason": "expired"}


def test_what_was_found_out_about_a_deleted_document_stays_known(services):
    version = upload(services, pdfs.plain(), retain_until=NOON)
    process(services, version)

    delete_expired_documents.run(ExpiredDocuments(), services)

    on_demand = {Step.SANITISE, Step.SANITISE_EVEN_SIGNED, Step.COMPLETE}
    assert set(services.catalog.results("doc_7", version.sha256)) == set(Step) - on_demand


def test_a_second_run_finds_nothing_to_delete(services, enqueued):
    upload(services, pdfs.plain(), retain_until=NOON)
    delete_expired_documents.run(ExpiredDocuments(), services)

    done = delete_expired_documents.run(ExpiredDocuments(), services)

    assert done.outcome == "0 deleted"
    assert len(deletions(enqueued)) == 1


@pytest.mark.parametrize("retain_until", [None, NOON + timedelta(seconds=1)], ids=["for ever", "not yet"])
def test_a_document_whose_time_has_not_come_stays(services, enqueued, retain_until):
    version = upload(services, pdfs.plain(), retain_until=retain_until)

    done = delete_expired_documents.run(ExpiredDocuments(), services)

    assert done.outcome == "0 deleted"
    assert services.blobs.has(version.sha256)
    assert enqueued.enqueued == []


def test_a_document_on_hold_stays_until_the_hold_ends(services, enqueued):
    version = upload(services, pdfs.plain(), retain_until=EXPIRED)
    services.catalog.hold("doc_7")

    assert delete_expired_documents.run(ExpiredDocuments(), services).outcome == "0 deleted"
    assert services.blobs.has(version.sha256)
    services.catalog.release("doc_7")

    assert delete_expired_documents.run(ExpiredDocuments(), services).outcome == "1 deleted"
    assert not services.blobs.has(version.sha256)
    assert actions(enqueued) == ["document.deleted"]


def test_bytes_that_another_document_has_too_stay(services, enqueued):
    blobs = process(services, upload(services, pdfs.plain(), retain_until=EXPIRED))
    process(services, upload(services, pdfs.plain(), document_id="doc_8"))

    delete_expired_documents.run(ExpiredDocuments(), services)

    assert all(services.blobs.has(blob) for blob in blobs)
    assert services.catalog.document("doc_7").state is DocumentState.DELETED
    assert services.catalog.document("doc_8").state is DocumentState.READY
    [entry] = deletions(enqueued)
    assert (entry.document_id, entry.details["blobs"]) == ("doc_7", 0)


def test_shared_bytes_go_with_the_last_document_that_has_them(services, enqueued):
    versions = [
        upload(services, pdfs.plain(), document_id=document_id, retain_until=EXPIRED)
        for document_id in ("doc_7", "doc_8")
    ]

    delete_expired_documents.run(ExpiredDocuments(), services)

    assert not services.blobs.has(versions[0].sha256)
    assert sorted(entry.details["blobs"] for entry in deletions(enqueued)) == [0, 1]


def test_every_version_of_a_document_is_deleted_with_an_entry_of_its_own(services, enqueued):
    versions = [upload(services, data, retain_until=EXPIRED) for data in (pdfs.plain(), pdfs.picture_only())]

    done = delete_expired_documents.run(ExpiredDocuments(), services)

    assert done.outcome == "2 deleted"
    assert [entry.details["sha256"] for entry in deletions(enqueued)] == [version.sha256 for version in versions]


def test_no_more_are_deleted_than_asked_for_and_the_longest_overdue_go_first(services):
    for days in (1, 3, 2):
        overdue = NOON - timedelta(days=days)
        upload(services, pdfs.plain(pages=days), document_id=f"overdue_{days}", retain_until=overdue)

    done = delete_expired_documents.run(ExpiredDocuments(at_most=2), services)

    states = {days: services.catalog.document(f"overdue_{days}").state for days in (1, 2, 3)}
    assert done.outcome == "2 deleted"
    assert states == {3: DocumentState.DELETED, 2: DocumentState.DELETED, 1: DocumentState.RECEIVED}


@pytest.mark.parametrize("accepts", [False, True], ids=["entry lost", "entry accepted"])
def test_a_deletion_that_broke_off_is_finished_by_the_repeat_with_one_entry(services, clock, accepts):
    services.producer = producer = BrokerAwayOnce(accepts=accepts, clock=clock)
    version = upload(services, pdfs.plain(), retain_until=EXPIRED)
    with pytest.raises(Transient):
        delete_expired_documents.run(ExpiredDocuments(), services)
    assert services.catalog.document("doc_7").state is DocumentState.RECEIVED

    clock.advance(timedelta(hours=1))
    done = delete_expired_documents.run(ExpiredDocuments(), services)

    assert done.outcome == "1 deleted"
    assert not services.blobs.has(version.sha256)
    assert services.catalog.document("doc_7").state is DocumentState.DELETED
    [entry] = deletions(producer)
    assert entry.details["blobs"] == 1


def test_one_blob_that_cannot_be_removed_keeps_no_other_and_is_tried_again(services, tmp_path):
    stuck = upload(services, pdfs.plain(), document_id="stuck", retain_until=EXPIRED)
    other = upload(services, pdfs.plain(pages=2), document_id="other", retain_until=NOON)
    blob = next((tmp_path / "blobs").rglob(stuck.sha256))
    blob.unlink()
    (blob / "in the way").mkdir(parents=True)

    with pytest.raises(BlobsUnavailable):
        delete_expired_documents.run(ExpiredDocuments(), services)

    assert not services.blobs.has(other.sha256)
    assert services.catalog.expired(at_most=9) == [services.catalog.version("stuck")]


class StorageThatIsAway(LocalBlobs):
    """It can be asked, and does not answer."""

    asked = 0

    def delete(self, sha256: str) -> bool:
        self.asked += 1
        raise BlobsUnavailable(f"blob storage did not answer for {sha256}")


def test_a_sweep_ends_early_while_storage_is_away_and_goes_on_from_there(services, tmp_path):
    versions = [
        upload(services, pdfs.plain(pages=pages), document_id=f"doc_{pages}", retain_until=EXPIRED)
        for pages in range(1, 8)
    ]
    there, services.blobs = services.blobs, StorageThatIsAway(tmp_path / "blobs")

    with pytest.raises(BlobsUnavailable):
        delete_expired_documents.run(ExpiredDocuments(), services)

    assert services.blobs.asked == 5
    services.blobs = there
    assert delete_expired_documents.run(ExpiredDocuments(), services).outcome == f"{len(versions)} deleted"


def test_uploads_that_nobody_finished_are_dropped_after_two_days(services, clock, tmp_path):
    upload(services, pdfs.plain())
    unfinished = tmp_path / "blobs" / "ab" / f".ab{'0' * 62}.k1ll3d"
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.write_bytes(b"half of it")
    begun = (clock() - timedelta(days=2)).timestamp()

    for moment, stays in ((begun + 1, True), (begun - 1, False)):
        os.utime(unfinished, (moment, moment))
        delete_expired_documents.run(ExpiredDocuments(), services)
        assert unfinished.exists() is stays


def test_people_see_that_a_document_is_gone(services):
    process(services, upload(services, pdfs.plain(), retain_until=NOON))

    delete_expired_documents.run(ExpiredDocuments(), services)

    status = services.document_statuses.find("doc_7")
    assert (status.state, status.progress, status.reason) == ("deleted", 100, "expired")


def test_bytes_that_are_uploaded_and_deleted_again_are_two_entries(services, enqueued, clock):
    for _ in range(2):
        upload(services, pdfs.plain(), retain_until=EXPIRED)
        delete_expired_documents.run(ExpiredDocuments(), services)
        clock.advance(timedelta(days=1))

    assert len(deletions(enqueued)) == 2


def test_the_clean_up_of_the_cache_keeps_what_current_code_reads_and_drops_the_rest(services, broker):
    older = Namespace(INSPECTIONS.name, version=INSPECTIONS.version - 1, ttl=timedelta(days=7))
    retired = Namespace("retired", version=1, ttl=timedelta(days=7))
    for namespace in (INSPECTIONS, older, retired):
        services.cache.put(namespace, "ab" * 32, {"pages": namespace.version})
    cache = services.cache._client
    immortal = f"{CACHE_PREFIX}{INSPECTIONS.name}:{INSPECTIONS.version}:immortal"
    cache.set(immortal, "{}")

    done = clean_cache.run(CacheCleanup(), services)

    assert (done.outcome, done.data) == ("3 dropped", {"dropped": 3, "forgotten": 0})
    assert services.cache.get(INSPECTIONS, "ab" * 32) == {"pages": INSPECTIONS.version}
    assert [services.cache.get(namespace, "ab" * 32) for namespace in (older, retired)] == [None, None]
    assert services.cache.get(INSPECTIONS, "immortal") is None


def test_a_version_of_two_digits_is_not_taken_for_one_of_one(services):
    tenth = Namespace(INSPECTIONS.name, version=10 * INSPECTIONS.version, ttl=timedelta(days=7))
    services.cache.put(tenth, "ab" * 32, {})

    done = clean_cache.run(CacheCleanup(), services)

    assert done.outcome == "1 dropped"


def test_the_clean_up_walks_a_cache_of_more_than_one_batch(services):
    retired = Namespace("retired", version=1, ttl=timedelta(days=7))
    with services.cache._client.pipeline() as pipe:
        for number in range(1200):
            pipe.set(f"{CACHE_PREFIX}{retired.name}:1:{number}", "{}", ex=retired.ttl)
        pipe.execute()

    done = clean_cache.run(CacheCleanup(), services)

    assert done.outcome == "1200 dropped"


def test_the_clean_up_touches_nothing_but_the_cache(services):
    services.cache._client.set("buffrsign:document:doc_7", "{}", ex=60)

    done = clean_cache.run(CacheCleanup(), services)

    assert done.outcome == "0 dropped"
    assert services.cache._client.exists("buffrsign:document:doc_7")


def test_people_are_told_of_uncertain_letters_by_their_number_and_the_oldest_age_and_of_each_once_a_day(
    services, clock, caplog
):
    record = DeliveryRecord(services.database, clock=clock)
    bring_to(record, REQUEST, State.UNCERTAIN)
    clock.advance(timedelta(hours=2))
    bring_to(record, COMPLETED, State.UNCERTAIN)
    clock.advance(timedelta(hours=1))

    outcomes = [tell_of_uncertain_letters.run(UncertainLetters(), services).outcome for _ in range(2)]

    assert outcomes == ["2 uncertain, the oldest for 3 h", "no uncertain letter is due"]
    [told] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert told.message == "letters are uncertain, a person must decide"
    assert (told.fields["letters"], told.fields["oldest_h"]) == (2, 3)
    assert "anna" not in str(told.fields)


def test_a_doubt_of_less_than_an_hour_troubles_nobody(services, clock, caplog):
    bring_to(DeliveryRecord(services.database, clock=clock), REQUEST, State.UNCERTAIN)
    clock.advance(timedelta(minutes=59))

    done = tell_of_uncertain_letters.run(UncertainLetters(), services)

    assert done.data == {"letters": 0}
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []
