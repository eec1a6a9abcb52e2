from datetime import timedelta
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.errors import Permanent
from buffrsign.documents import Inspected, inspect
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.state.document_status import DocumentStatus
from buffrsign.storage import BlobDamaged, BlobMissing, DocumentState, DocumentUnknown, Step, Version, VersionDeleted
from buffrsign.testing import assert_enqueued
from config.cache import INSPECTIONS
from config.services import Services
from tasks.compliance import check_eta_2019
from tasks.documents import CLAIM_SCAN_PAGES, analyse_document, detect_fields, inspect_document, render_thumbnails
from tests.support import bombs, described, pdfs
from tests.support.clock import NOON
from tests.support.family import actions, family_services, upload

pytestmark = pytest.mark.usefixtures("shared_sandbox")

SPARE = pdfs.plain(text="The spare one.")

UNREADABLE = [
    pytest.param(pdfs.EMPTY, "empty", id="empty"),
    pytest.param(b"Dear Anna,\nplease find attached nothing at all.\n", "not_a_pdf", id="text"),
    pytest.param(pdfs.NOT_A_PDF, "not_a_pdf", id="picture file"),
    pytest.param(pdfs.encrypted(user_password="secret"), "encrypted", id="password, RC4"),
    pytest.param(pdfs.aes256_with_user_password(), "encrypted", id="password, AES-256"),
    pytest.param(pdfs.without_pages(), "damaged", id="no pages"),
    pytest.param(pdfs.plain()[:200], "damaged", id="cut off"),
    pytest.param(bombs.flate_in_flate(mib=300), "resource_limit", id="bomb"),
]


def inspect_job(version: Version) -> InspectDocument:
    return InspectDocument(document_id=version.document_id, sha256=version.sha256)


def render_job(version: Version) -> RenderThumbnails:
    return RenderThumbnails(document_id=version.document_id, sha256=version.sha256)


def fields_job(version: Version) -> DetectFields:
    return DetectFields(document_id=version.document_id, sha256=version.sha256)


def analyse_job(version: Version) -> AnalyseDocument:
    return AnalyseDocument(document_id=version.document_id, sha256=version.sha256)


TASKS = [
    (inspect_document, inspect_job),
    (render_thumbnails, render_job),
    (detect_fields, fields_job),
    (analyse_document, analyse_job),
]


def status(services: Services, document_id: str = "doc_7") -> DocumentStatus:
    """What people see of the document."""
    found = services.document_statuses.find(document_id)
    assert found, f"nobody published a status of {document_id}"
    return found


def delete(services: Services, version: Version) -> None:
    """Delete an expired version, as the nightly clean-up does."""
    with services.catalog.deleting(version.document_id, version.sha256) as deletion:
        for blob in deletion.unused_blobs:
            services.blobs.delete(blob)


def test_a_document_whose_end_was_not_read_has_no_known_claims_unless_one_was_found(services):
    silent, claiming = pdfs.plain(pages=CLAIM_SCAN_PAGES + 1), pdfs.plain(pages=60, text="Accredited by CRAN.")

    found = [inspect_document.run(inspect_job(upload(services, data)), services).data for data in (silent, claiming)]

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

    done = inspect_document.run(inspect_job(version), services)

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

    inspect_document.run(inspect_job(version), services)

    [entry] = enqueued.jobs(RecordEvent)
    assert (entry.action, entry.document_id, entry.occurred_at) == ("document.inspected", "doc_7", NOON)
    assert entry.details == {"sha256": version.sha256, "readable": True, "pages": 1, "encrypted": False}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE)
def test_a_file_that_cannot_be_read_is_held_with_its_reason_and_ends_there(services, enqueued, data, reason):
    version = upload(services, data)

    done = inspect_document.run(inspect_job(version), services)

    document = services.catalog.document("doc_7")
    found = services.catalog.results("doc_7", version.sha256)[Step.INSPECT]
    [entry] = enqueued.jobs(RecordEvent)
    assert (document.state, document.state_reason, done.outcome) == (DocumentState.HELD, reason, reason)
    assert (found["readable"], found["reason"]) == (False, reason)
    assert entry.details == {"sha256": version.sha256, "readable": False, "reason": reason}
    assert [known.job for known in enqueued.enqueued] == [entry]
    assert (status(services).state, status(services).progress, status(services).reason) == ("held", 100, reason)


def test_a_file_of_two_gigabytes_is_held_without_being_read(services):
    version = services.catalog.add("doc_7", "ab" * 32, size_bytes=2 * 1024**3, title="Not even stored")

    done = inspect_document.run(inspect_job(version), services)

    assert done.outcome == "too_large"
    assert status(services).reason == "too_large"


def test_the_status_lists_every_step_and_how_far_it_is(services):
    version = upload(services, pdfs.plain(pages=2))
    inspect_document.run(inspect_job(version), services)

    found = status(services)

    assert {name: step.progress for name, step in found.steps.items()} == {
        "inspect": 100,
        "thumbnails": 0,
        "analysis": 0,
        "fields": 0,
        "compliance": 0,
    }
    assert (found.pages, found.size_bytes, found.version) == (2, version.size_bytes, 1)


def test_the_end_of_a_document_is_expected_once_another_has_gone_all_the_way(services, clock):
    for document_id in ("doc_6", "doc_7"):
        version = upload(services, pdfs.plain(), document_id=document_id)
        inspect_document.run(inspect_job(version), services)
        clock.advance(timedelta(seconds=2))
        render_thumbnails.run(render_job(version), services)
        analyse_document.run(analyse_job(version), services)
        detect_fields.run(fields_job(version), services)
        clock.advance(timedelta(seconds=3))
        if document_id == "doc_6":
            check = Eta2019Check(document_id=document_id, sha256=version.sha256, stage=Stage.RECEIVED)
            check_eta_2019.run(check, services)

    assert status(services, "doc_6").expected_at_ms is None
    assert status(services).expected_at_ms == to_epoch_ms(clock())


def test_a_file_that_killed_three_readers_is_quarantined_for_every_worker(services, broker, enqueued, clock, tmp_path):
    version = upload(services, bombs.flate_in_flate(mib=300))
    with family_services(broker, tmp_path, producer=enqueued, clock=clock) as one:
        outcomes = [inspect_document.run(inspect_job(version), one).outcome for _ in range(3)]

    with family_services(broker, tmp_path, producer=enqueued, clock=clock) as another:
        quarantined = render_thumbnails.run(render_job(version), another)

        assert another.sandbox.forked == 0

    assert outcomes == ["resource_limit", "resource_limit", "quarantined"]
    assert quarantined.outcome == "quarantined"


def test_a_file_that_could_not_be_read_is_read_again_the_next_time(services):
    version = upload(services, pdfs.plain()[:200])
    for _ in range(2):
        inspect_document.run(inspect_job(version), services)

    assert services.cache.get(INSPECTIONS, version.sha256) is None


def test_without_a_digest_the_latest_version_is_inspected(services, enqueued):
    upload(services, pdfs.plain())
    latest = upload(services, pdfs.plain(pages=2))

    done = inspect_document.run(InspectDocument(document_id="doc_7"), services)

    assert done.outcome == "2 pages"
    assert_enqueued(enqueued, RenderThumbnails, sha256=latest.sha256)


def test_the_picture_of_page_1_is_kept_as_a_blob_and_the_check_asked_for(services, enqueued):
    version = upload(services, pdfs.plain())
    inspect_document.run(inspect_job(version), services)
    analyse_document.run(analyse_job(version), services)
    detect_fields.run(fields_job(version), services)

    done = render_thumbnails.run(render_job(version), services)

    found = services.catalog.results("doc_7", version.sha256)[Step.THUMBNAILS]
    with Image.open(BytesIO(services.blobs.get(found["thumbnail"]))) as picture:
        assert (picture.format, picture.size) == ("PNG", (256, found["height_px"]))
    assert done.outcome == f"256 by {found['height_px']} px"
    assert_enqueued(
        enqueued, Eta2019Check, document_id="doc_7", sha256=version.sha256, stage=Stage.RECEIVED, requested_by=None
    )
    assert (status(services).state, status(services).step, status(services).progress) == (
        "processing",
        "thumbnails",
        70,
    )
    entry = enqueued.jobs(RecordEvent)[-1]
    assert entry.action == "document.thumbnails_rendered"
    assert entry.details == {"sha256": version.sha256, "rendered": True, "thumbnail": found["thumbnail"]}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE)
def test_a_file_that_cannot_be_drawn_says_why_there_is_no_picture(services, enqueued, data, reason):
    version = upload(services, data)

    done = render_thumbnails.run(render_job(version), services)

    found = services.catalog.results("doc_7", version.sha256)[Step.THUMBNAILS]
    assert (done.outcome, found) == (reason, {"rendered": False, "reason": reason})
    assert enqueued.jobs(Eta2019Check) == []


def test_what_comes_before_the_inspection_leaves_the_check_to_the_inspection(services, enqueued):
    version = upload(services, pdfs.plain())

    render_thumbnails.run(render_job(version), services)
    analyse_document.run(analyse_job(version), services)
    detect_fields.run(fields_job(version), services)
    assert enqueued.jobs(Eta2019Check) == []
    inspect_document.run(inspect_job(version), services)

    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)


def test_steps_that_run_twice_ask_once_and_write_one_entry_each(services, enqueued):
    version = upload(services, pdfs.plain())
    jobs = [(task, job(version)) for task, job in TASKS]

    for task, job in jobs * 2:
        task.run(job, services)

    assert actions(enqueued) == [
        "document.inspected",
        "document.thumbnails_rendered",
        "document.fields_detected",
        "document.analysed",
    ]
    for contract in (RenderThumbnails, DetectFields, AnalyseDocument, Eta2019Check):
        assert len(enqueued.jobs(contract)) == 1


def test_a_crash_after_a_step_was_recorded_and_before_the_next_was_asked_for_is_made_good(services, enqueued):
    version = upload(services, pdfs.plain())
    steps = [Step.INSPECT, Step.FIELDS, Step.ANALYSIS, Step.THUMBNAILS]
    for step in steps:
        services.catalog.finish_step("doc_7", version.sha256, step, {}, of=frozenset(steps))

    render_thumbnails.run(render_job(version), services)

    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)


def test_the_same_bytes_under_another_document_are_not_read_again(services, enqueued):
    first = upload(services, pdfs.plain(pages=2))
    inspect_document.run(inspect_job(first), services)
    second = upload(services, pdfs.plain(pages=2), document_id="doc_8")
    services.blobs.delete(first.sha256)  # so that reading them would fail

    done = inspect_document.run(inspect_job(second), services)

    assert done.outcome == "2 pages"
    both = [services.catalog.results(document_id, first.sha256)[Step.INSPECT] for document_id in ("doc_7", "doc_8")]
    assert both[0] == both[1]
    assert_enqueued(enqueued, RenderThumbnails, document_id="doc_8")
    assert_enqueued(enqueued, DetectFields, document_id="doc_8")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_named_pdf_becomes_one_and_is_worked_on_like_one(services, enqueued, kind):
    data = described.picture(kind)
    version = upload(services, data)

    inspect_document.run(inspect_job(version), services)
    render_thumbnails.run(render_job(version), services)
    detect_fields.run(fields_job(version), services)
    analyse_document.run(analyse_job(version), services)

    results = services.catalog.results("doc_7", version.sha256)
    found = results[Step.INSPECT]
    made = inspect(services.blobs.get(found["pdf"]))
    assert isinstance(made, Inspected)
    assert (found["readable"], found["converted_from"], found["pages"]) == (True, kind, made.pages)
    assert (found["sha256"], found["size_bytes"]) == (version.sha256, len(data))
    assert results[Step.THUMBNAILS]["rendered"]
    assert results[Step.FIELDS]["searched"]
    assert results[Step.ANALYSIS]["analysed"]
    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)
    entry = enqueued.jobs(RecordEvent)[0]
    assert {"converted_from": kind, "pdf": found["pdf"]}.items() <= entry.details.items()


def test_the_pdf_of_a_picture_goes_with_its_own_version_only(services):
    first = upload(services, described.picture("PNG"), retain_until=NOON)
    second = upload(services, described.picture("PNG"), document_id="doc_8")
    for version in (first, second):
        inspect_document.run(inspect_job(version), services)

    delete(services, first)

    found = services.catalog.results("doc_8", second.sha256)[Step.INSPECT]
    assert services.blobs.get(found["pdf"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(bombs.png_of(width=100_000, height=100_000), "pixel_bomb", id="bomb"),
        pytest.param(described.picture("JPEG", size=(600, 400))[:-200], "damaged", id="cut off"),
        pytest.param(described.picture("GIF"), "not_a_pdf", id="of another format"),
    ],
)
def test_a_picture_that_cannot_become_a_pdf_is_held_with_its_reason(services, data, reason):
    version = upload(services, data)

    assert inspect_document.run(inspect_job(version), services).outcome == reason


def test_a_damaged_file_that_can_be_rebuilt_is_worked_on(services):
    version = upload(services, described.without_xref())

    inspect_document.run(inspect_job(version), services)
    drawn = render_thumbnails.run(render_job(version), services)

    found = services.catalog.results("doc_7", version.sha256)[Step.INSPECT]
    assert (found["read_by"], found["pages"], found["claims"]) == ("rebuilt", 1, [])
    assert drawn.data["rendered"]


def test_a_lost_cache_means_reading_again(services, broker):
    version = upload(services, pdfs.plain())
    inspect_document.run(inspect_job(version), services)
    clean = services.cache.clean([])

    done = inspect_document.run(inspect_job(version), services)

    assert (clean, done.outcome) == (1, "1 page")


@pytest.mark.parametrize(
    ("state", "reason"), [(DocumentState.READY, ""), (DocumentState.HELD, "failed: ETA-48-a")], ids=["ready", "held"]
)
def test_a_concluded_document_keeps_its_state_and_status_while_it_is_looked_at_again(services, state, reason):
    version = upload(services, pdfs.plain())
    services.catalog.set_state("doc_7", state, reason)
    services.document_statuses.publish("doc_7", state=state.value, step="compliance", progress=100, reason=reason)
    before = (services.catalog.document("doc_7"), status(services))

    inspect_document.run(inspect_job(version), services)
    render_thumbnails.run(render_job(version), services)

    assert (services.catalog.document("doc_7"), status(services)) == before


def test_an_older_version_that_cannot_be_read_does_not_hold_the_document(services, enqueued):
    older = upload(services, pdfs.EMPTY)
    upload(services, pdfs.plain())
    services.catalog.set_state("doc_7", DocumentState.READY)

    done = inspect_document.run(inspect_job(older), services)

    assert done.outcome == "empty"
    assert services.catalog.document("doc_7").state is DocumentState.READY
    assert services.document_statuses.find("doc_7") is None
    assert actions(enqueued) == ["document.inspected"]


@pytest.mark.parametrize(("task", "job"), TASKS, ids=["inspect", "render", "fields", "analyse"])
@pytest.mark.parametrize("known", [None, SPARE], ids=["document", "version"])
def test_what_was_never_uploaded_is_for_a_person(services, enqueued, task, job, known):
    sha256 = None
    if known is not None:
        upload(services, pdfs.plain())
        sha256 = "ab" * 32
    never = Version("doc_7", "ab" * 32, number=1, stored_at=NOON, size_bytes=1, deleted_at=None)

    with pytest.raises(DocumentUnknown) as refused:
        task.run(msgspec.structs.replace(job(never), sha256=sha256), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []


@pytest.mark.parametrize(("task", "job"), TASKS, ids=["inspect", "render", "fields", "analyse"])
@pytest.mark.parametrize("read_before", [False, True], ids=["never read", "in the cache"])
def test_a_deleted_version_is_for_a_person_and_leaves_no_trace(services, enqueued, task, job, read_before):
    version = upload(services, pdfs.plain(), retain_until=NOON)
    if read_before:
        inspect_document.run(inspect_job(upload(services, pdfs.plain(), document_id="doc_8")), services)
    before = list(enqueued.enqueued)
    delete(services, version)

    with pytest.raises(VersionDeleted) as refused:
        task.run(job(version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == before
    assert services.catalog.document("doc_7").state is DocumentState.DELETED
    assert services.document_statuses.find("doc_7") is None


@pytest.mark.parametrize(("task", "job"), TASKS, ids=["inspect", "render", "fields", "analyse"])
def test_bytes_that_were_tampered_with_are_for_a_person(services, enqueued, task, job):
    version = upload(services, pdfs.plain())
    path = Path(services.settings.blob_folder) / version.sha256[:2] / version.sha256
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(BlobDamaged) as refused:
        task.run(job(version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []
    assert services.catalog.results("doc_7", version.sha256) == {}


def test_bytes_that_are_gone_are_for_a_person(services, enqueued):
    version = upload(services, pdfs.plain())
    services.blobs.delete(version.sha256)

    with pytest.raises(BlobMissing) as refused:
        inspect_document.run(inspect_job(version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []
