import msgspec
import pytest

from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import DocumentState, Step
from buffrsign.testing import assert_enqueued
from config.cache import INSPECTIONS
from tasks.documents import CLAIM_SCAN_PAGES, inspect_document, render_thumbnails
from tests.support import described, pdfs
from tests.support.clock import NOON
from tests.support.family import actions, upload
from tests.support.versions import UNREADABLE, job_of, status

pytestmark = pytest.mark.usefixtures("shared_sandbox")


def test_a_document_whose_end_was_not_read_has_no_known_claims_unless_one_was_found(services):
    silent, claiming = pdfs.plain(pages=CLAIM_SCAN_PAGES + 1), pdfs.plain(pages=60, text="Accredited by CRAN.")

    found = [
        inspect_document.run(job_of(InspectDocument, upload(services, data)), services).data
        for data in (silent, claiming)
    ]

    assert found[0]["claims"] is None
    assert found[1]["claims"]


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        pytest.param(pdfs.plain(pages=3), {"pages": 3, "encrypted": False, "text_extractable": True}, id="plain"),
        pytest.param(pdfs.encrypted(), {"pages": 1, "encrypted": True, "text_extractable": True}, id="RC4, open"),
        pytest.param(pdfs.aes256_with_empty_password(), {"pages": 1, "encrypted": True}, id="AES-256, open"),
        pytest.param(pdfs.picture_only(), {"pages": 1, "text_extractable": False, "claims": None}, id="picture only"),
        pytest.param(pdfs.with_garbage_tail(), {"pages": 1, "claims": []}, id="bytes after the end"),
    ],
)
def test_a_readable_file_is_inspected_and_the_next_looks_at_it_asked_for(services, enqueued, data, facts):
    version = upload(services, data)

    done = inspect_document.run(job_of(InspectDocument, version), services)

    found = services.catalog.results("doc_7", version.sha256)[Step.INSPECT]
    assert facts.items() <= found.items()
    assert (found["readable"], found["size_bytes"]) == (True, len(data))
    assert done.outcome == ("1 page" if facts["pages"] == 1 else f"{facts['pages']} pages")
    assert msgspec.json.encode(done.data) == msgspec.json.encode(found)
    assert_enqueued(enqueued, RenderThumbnails, document_id="doc_7", sha256=version.sha256)
    assert_enqueued(enqueued, AnalyseDocument, document_id="doc_7", sha256=version.sha256)
    assert_enqueued(enqueued, DetectFields, document_id="doc_7", sha256=version.sha256)
    assert enqueued.jobs(Eta2019Check) == []
    assert services.catalog.document("doc_7").state is DocumentState.PROCESSING
    assert (status(services).state, status(services).step, status(services).progress) == ("processing", "inspect", 40)


def test_the_entry_of_an_inspection_holds_facts_of_the_file_and_none_of_its_words(services, enqueued):
    version = upload(services, pdfs.plain(text="A secret clause."))

    inspect_document.run(job_of(InspectDocument, version), services)

    [entry] = enqueued.jobs(RecordEvent)
    assert (entry.action, entry.document_id, entry.occurred_at) == ("document.inspected", "doc_7", NOON)
    assert entry.details == {"sha256": version.sha256, "readable": True, "pages": 1, "encrypted": False}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE)
def test_a_file_that_cannot_be_read_is_held_with_its_reason_and_ends_there(services, enqueued, data, reason):
    version = upload(services, data)

    done = inspect_document.run(job_of(InspectDocument, version), services)

    document = services.catalog.document("doc_7")
    found = services.catalog.results("doc_7", version.sha256)[Step.INSPECT]
    [entry] = enqueued.jobs(RecordEvent)
    assert (document.state, document.state_reason, done.outcome) == (DocumentState.HELD, reason, reason)
    assert (found["readable"], found["reason"]) == (False, reason)
    assert entry.details == {"sha256": version.sha256, "readable": False, "reason": reason}
    assert [known.job for known in enqueued.enqueued] == [entry]
    assert (status(services).state, status(services).progress, status(services).reason) == ("held", 100, reason)


def test_a_file_that_could_not_be_read_is_read_again_the_next_time(services):
    version = upload(services, pdfs.plain()[:200])
    for _ in range(2):
        inspect_document.run(job_of(InspectDocument, version), services)

    assert services.cache.get(INSPECTIONS, version.sha256) is None


def test_without_a_digest_the_latest_version_is_inspected(services, enqueued):
    upload(services, pdfs.plain())
    latest = upload(services, pdfs.plain(pages=2))

    done = inspect_document.run(InspectDocument(document_id="doc_7"), services)

    assert done.outcome == "2 pages"
    assert_enqueued(enqueued, RenderThumbnails, sha256=latest.sha256)


def test_the_same_bytes_under_another_document_are_not_read_again(services, enqueued):
    first = upload(services, pdfs.plain(pages=2))
    inspect_document.run(job_of(InspectDocument, first), services)
    second = upload(services, pdfs.plain(pages=2), document_id="doc_8")
    services.blobs.delete(first.sha256)  # so that reading them would fail

    done = inspect_document.run(job_of(InspectDocument, second), services)

    assert done.outcome == "2 pages"
    both = [services.catalog.results(document_id, first.sha256)[Step.INSPECT] for document_id in ("doc_7", "doc_8")]
    assert both[0] == both[1]
    assert_enqueued(enqueued, RenderThumbnails, document_id="doc_8")
    assert_enqueued(enqueued, DetectFields, document_id="doc_8")


def test_a_damaged_file_that_can_be_rebuilt_is_worked_on(services):
    version = upload(services, described.without_xref())

    inspect_document.run(job_of(InspectDocument, version), services)
    drawn = render_thumbnails.run(job_of(RenderThumbnails, version), services)

    found = services.catalog.results("doc_7", version.sha256)[Step.INSPECT]
    assert (found["read_by"], found["pages"], found["claims"]) == ("rebuilt", 1, [])
    assert drawn.data["rendered"]


def test_a_lost_cache_means_reading_again(services, broker):
    version = upload(services, pdfs.plain())
    inspect_document.run(job_of(InspectDocument, version), services)
    clean = services.cache.clean([])

    done = inspect_document.run(job_of(InspectDocument, version), services)

    assert (clean, done.outcome) == (1, "1 page")


def test_an_older_version_that_cannot_be_read_does_not_hold_the_document(services, enqueued):
    older = upload(services, pdfs.EMPTY)
    upload(services, pdfs.plain())
    services.catalog.set_state("doc_7", DocumentState.READY)

    done = inspect_document.run(job_of(InspectDocument, older), services)

    assert done.outcome == "empty"
    assert services.catalog.document("doc_7").state is DocumentState.READY
    assert services.document_statuses.find("doc_7") is None
    assert actions(enqueued) == ["document.inspected"]
