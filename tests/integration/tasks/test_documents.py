from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.errors import Permanent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import BlobDamaged, BlobMissing, DocumentState, DocumentUnknown, Step, Version, VersionDeleted
from buffrsign.testing import assert_enqueued
from tasks.compliance import check_eta_2019
from tasks.documents import analyse_document, detect_fields, inspect_document, render_thumbnails
from tests.support import bombs, pdfs
from tests.support.clock import NOON
from tests.support.family import actions, family_services, upload
from tests.support.versions import LOOKS, delete, job_of, status

pytestmark = pytest.mark.usefixtures("shared_sandbox")

SPARE = pdfs.plain(text="The spare one.")


@pytest.mark.parametrize(("task", "look"), LOOKS)
def test_a_file_of_two_gigabytes_is_read_by_no_step(services, task, look):
    version = services.catalog.add("doc_7", "ab" * 32, size_bytes=2 * 1024**3, title="Not even stored")

    assert task.run(job_of(look, version), services).outcome == "too_large"


def test_a_file_of_two_gigabytes_is_held(services):
    version = services.catalog.add("doc_7", "ab" * 32, size_bytes=2 * 1024**3, title="Not even stored")

    inspect_document.run(job_of(InspectDocument, version), services)

    assert status(services).reason == "too_large"


def test_the_status_lists_every_step_and_how_far_it_is(services):
    version = upload(services, pdfs.plain(pages=2))
    inspect_document.run(job_of(InspectDocument, version), services)

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
        inspect_document.run(job_of(InspectDocument, version), services)
        clock.advance(timedelta(seconds=2))
        render_thumbnails.run(job_of(RenderThumbnails, version), services)
        analyse_document.run(job_of(AnalyseDocument, version), services)
        detect_fields.run(job_of(DetectFields, version), services)
        clock.advance(timedelta(seconds=3))
        if document_id == "doc_6":
            check = Eta2019Check(document_id=document_id, sha256=version.sha256, stage=Stage.RECEIVED)
            check_eta_2019.run(check, services)

    assert status(services, "doc_6").expected_at_ms is None
    assert status(services).expected_at_ms == to_epoch_ms(clock())


def test_a_file_that_killed_three_readers_is_quarantined_for_every_worker(services, broker, enqueued, clock, tmp_path):
    version = upload(services, bombs.flate_in_flate(mib=300))
    with family_services(broker, tmp_path, producer=enqueued, clock=clock) as one:
        outcomes = [inspect_document.run(job_of(InspectDocument, version), one).outcome for _ in range(3)]

    with family_services(broker, tmp_path, producer=enqueued, clock=clock) as another:
        quarantined = render_thumbnails.run(job_of(RenderThumbnails, version), another)

        assert another.sandbox.forked == 0

    assert outcomes == ["resource_limit", "resource_limit", "quarantined"]
    assert quarantined.outcome == "quarantined"


def test_what_comes_before_the_inspection_leaves_the_check_to_the_inspection(services, enqueued):
    version = upload(services, pdfs.plain())

    render_thumbnails.run(job_of(RenderThumbnails, version), services)
    analyse_document.run(job_of(AnalyseDocument, version), services)
    detect_fields.run(job_of(DetectFields, version), services)
    assert enqueued.jobs(Eta2019Check) == []
    inspect_document.run(job_of(InspectDocument, version), services)

    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)


def test_steps_that_run_twice_ask_once_and_write_one_entry_each(services, enqueued):
    version = upload(services, pdfs.plain())
    jobs = [(param.values[0], job_of(param.values[1], version)) for param in LOOKS]

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

    render_thumbnails.run(job_of(RenderThumbnails, version), services)

    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)


@pytest.mark.parametrize(
    ("state", "reason"), [(DocumentState.READY, ""), (DocumentState.HELD, "failed: ETA-48-a")], ids=["ready", "held"]
)
def test_a_concluded_document_keeps_its_state_and_status_while_it_is_looked_at_again(services, state, reason):
    version = upload(services, pdfs.plain())
    services.catalog.set_state("doc_7", state, reason)
    services.document_statuses.publish("doc_7", state=state.value, step="compliance", progress=100, reason=reason)
    before = (services.catalog.document("doc_7"), status(services))

    inspect_document.run(job_of(InspectDocument, version), services)
    render_thumbnails.run(job_of(RenderThumbnails, version), services)

    assert (services.catalog.document("doc_7"), status(services)) == before


@pytest.mark.parametrize(("task", "look"), LOOKS)
@pytest.mark.parametrize("known", [None, SPARE], ids=["document", "version"])
def test_what_was_never_uploaded_is_for_a_person(services, enqueued, task, look, known):
    sha256 = None
    if known is not None:
        upload(services, pdfs.plain())
        sha256 = "ab" * 32
    never = Version("doc_7", "ab" * 32, number=1, stored_at=NOON, size_bytes=1, deleted_at=None)

    with pytest.raises(DocumentUnknown) as refused:
        task.run(msgspec.structs.replace(job_of(look, never), sha256=sha256), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []


@pytest.mark.parametrize(("task", "look"), LOOKS)
@pytest.mark.parametrize("read_before", [False, True], ids=["never read", "in the cache"])
def test_a_deleted_version_is_for_a_person_and_leaves_no_trace(services, enqueued, task, look, read_before):
    version = upload(services, pdfs.plain(), retain_until=NOON)
    if read_before:
        inspect_document.run(job_of(InspectDocument, upload(services, pdfs.plain(), document_id="doc_8")), services)
    before = list(enqueued.enqueued)
    delete(services, version)

    with pytest.raises(VersionDeleted) as refused:
        task.run(job_of(look, version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == before
    assert services.catalog.document("doc_7").state is DocumentState.DELETED
    assert services.document_statuses.find("doc_7") is None


@pytest.mark.parametrize(("task", "look"), LOOKS)
def test_bytes_that_were_tampered_with_are_for_a_person(services, enqueued, task, look):
    version = upload(services, pdfs.plain())
    path = Path(services.settings.blob_folder) / version.sha256[:2] / version.sha256
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(BlobDamaged) as refused:
        task.run(job_of(look, version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []
    assert services.catalog.results("doc_7", version.sha256) == {}


def test_bytes_that_are_gone_are_for_a_person(services, enqueued):
    version = upload(services, pdfs.plain())
    services.blobs.delete(version.sha256)

    with pytest.raises(BlobMissing) as refused:
        inspect_document.run(job_of(InspectDocument, version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []
