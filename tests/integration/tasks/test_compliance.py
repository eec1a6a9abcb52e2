import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from buffrsign.core.canonical_json import canonical_bytes
from buffrsign.core.errors import Permanent
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import BlobDamaged, DocumentState, DocumentUnknown, Step, Version, VersionDeleted
from config.services import Services
from tasks.base import Done
from tasks.compliance import check_eta_2019
from tasks.documents import analyse_document, detect_fields, inspect_document, render_thumbnails
from tests.support import pdfs
from tests.support.clock import NOON
from tests.support.family import actions, upload

pytestmark = pytest.mark.usefixtures("shared_sandbox")

GOOD = pdfs.plain()
CLAIMING = pdfs.plain(text="Our signing service is CRAN accredited.")
SINCE_CHAPTER_5 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def look_at(services: Services, data: bytes, *, document_id: str = "doc_7") -> Version:
    """Upload a document and go through the steps before its check."""
    version = upload(services, data, document_id=document_id)
    inspect_document.run(InspectDocument(document_id=document_id, sha256=version.sha256), services)
    render_thumbnails.run(RenderThumbnails(document_id=document_id, sha256=version.sha256), services)
    analyse_document.run(AnalyseDocument(document_id=document_id, sha256=version.sha256), services)
    detect_fields.run(DetectFields(document_id=document_id, sha256=version.sha256), services)
    return version


def check_job(version: Version, *, stage: Stage = Stage.RECEIVED) -> Eta2019Check:
    return Eta2019Check(document_id=version.document_id, sha256=version.sha256, stage=stage)


def outcomes(services: Services, done: Done) -> dict[str, str]:
    """What the kept report says to each check."""
    report = json.loads(services.blobs.get(done.data["report"]))
    return {finding["check_id"]: f"{finding['outcome']}, {finding['reason']}" for finding in report["findings"]}


@pytest.mark.parametrize(
    ("data", "findings"),
    [
        pytest.param(
            GOOD,
            ["pass, stored_copy_read_back", "pass, displayed", "pass, no_claim_found"],
            id="plain",
        ),
        pytest.param(
            pdfs.encrypted(),
            ["pass, stored_copy_read_back", "indeterminate, encrypted_but_displayed", "pass, no_claim_found"],
            id="encrypted, opens without a password",
        ),
        pytest.param(
            pdfs.picture_only(),
            ["pass, stored_copy_read_back", "pass, displayed", "indeterminate, evidence_missing"],
            id="picture only",
        ),
        pytest.param(
            CLAIMING,
            ["pass, stored_copy_read_back", "pass, displayed", "fail, no_accreditation_regime_at_that_date"],
            id="claims accreditation before anybody could have it",
        ),
        pytest.param(
            pdfs.aes256_with_user_password(),
            ["fail, locked", "fail, not_displayable", "indeterminate, evidence_missing"],
            id="locked",
        ),
        pytest.param(
            pdfs.EMPTY,
            ["fail, not_readable", "fail, not_displayable", "indeterminate, evidence_missing"],
            id="empty",
        ),
    ],
)
def test_each_check_says_what_the_evidence_shows(services, data, findings):
    version = look_at(services, data)

    done = check_eta_2019.run(check_job(version), services)

    assert outcomes(services, done) == dict(zip(["ETA-19-access", "ETA-21-1-b", "ETA-48-a"], findings, strict=True))


def test_a_document_that_fails_nothing_is_ready(services, enqueued):
    version = look_at(services, GOOD)

    done = check_eta_2019.run(check_job(version), services)

    document = services.catalog.document("doc_7")
    status = services.document_statuses.find("doc_7")
    assert (document.state, document.state_reason) == (DocumentState.READY, "")
    assert (status.state, status.step, status.progress, status.reason) == ("ready", "compliance", 100, "")
    assert done.outcome == "3 pass"


def test_a_document_that_fails_a_check_is_held_and_the_reason_names_it(services):
    version = look_at(services, CLAIMING)

    done = check_eta_2019.run(check_job(version), services)

    document = services.catalog.document("doc_7")
    status = services.document_statuses.find("doc_7")
    assert (document.state, document.state_reason) == (DocumentState.HELD, "failed: ETA-48-a")
    assert (status.state, status.progress, status.reason) == ("held", 100, "failed: ETA-48-a")
    assert done.outcome == "2 pass, 1 fail"


def test_since_accreditation_exists_a_claim_is_for_a_person_because_nobody_looked_in_the_register(services, clock):
    clock.now = SINCE_CHAPTER_5
    version = look_at(services, CLAIMING)

    done = check_eta_2019.run(check_job(version), services)

    assert outcomes(services, done)["ETA-48-a"] == "indeterminate, evidence_missing"
    assert services.catalog.document("doc_7").state is DocumentState.READY


def test_what_an_encrypted_file_that_opens_leaves_unsaid_does_not_hold_it(services):
    version = look_at(services, pdfs.aes256_with_empty_password())

    done = check_eta_2019.run(check_job(version), services)

    assert outcomes(services, done)["ETA-21-1-b"] == "indeterminate, encrypted_but_displayed"
    assert services.catalog.document("doc_7").state is DocumentState.READY


@pytest.mark.parametrize("done_before", [[], [Step.INSPECT], [Step.THUMBNAILS]], ids=["no step", "inspect", "picture"])
def test_what_was_not_collected_is_said_and_never_passes(services, done_before):
    version = upload(services, GOOD)
    if Step.INSPECT in done_before:
        inspect_document.run(InspectDocument(document_id="doc_7", sha256=version.sha256), services)
    if Step.THUMBNAILS in done_before:
        render_thumbnails.run(RenderThumbnails(document_id="doc_7", sha256=version.sha256), services)

    done = check_eta_2019.run(check_job(version, stage=Stage.ON_DEMAND), services)

    found = outcomes(services, done)
    assert found["ETA-19-access"] == found["ETA-21-1-b"] == "indeterminate, evidence_missing"
    assert (found["ETA-48-a"] == "pass, no_claim_found") is (Step.INSPECT in done_before)


def test_the_report_is_kept_for_programs_and_for_people_and_goes_when_the_version_goes(services, clock):
    version = look_at(services, GOOD)
    done = check_eta_2019.run(check_job(version), services)

    kept = services.blobs.get(done.data["report"])
    text = services.blobs.get(done.data["report_text"]).decode()

    assert kept == canonical_bytes(json.loads(kept))
    assert json.loads(kept)["document_sha256"] == version.sha256
    assert json.loads(kept)["counts"] == done.data["counts"]
    assert text.startswith("# Check against the Electronic Transactions Act 4 of 2019 (Namibia)")
    assert version.sha256 in text
    services.catalog.add("doc_7", "ab" * 32, size_bytes=1, title="A file", retain_until=NOON)
    with services.catalog.deleting("doc_7", version.sha256) as deletion:
        assert {done.data["report"], done.data["report_text"]} <= set(deletion.unused_blobs)


def test_the_entry_holds_the_counts_and_the_digests_by_which_the_report_is_found(services, enqueued):
    version = look_at(services, CLAIMING)
    job = check_job(version)

    done = check_eta_2019.run(job, services)

    entry = enqueued.jobs(RecordEvent)[-1]
    assert (entry.action, entry.document_id, entry.occurred_at) == ("compliance.checked", "doc_7", NOON)
    assert entry.details == {
        "sha256": version.sha256,
        "stage": "received",
        "report": done.data["report"],
        "report_text": done.data["report_text"],
        "pass": 2,
        "fail": 1,
        "not_applicable": 0,
        "indeterminate": 0,
    }


@pytest.mark.parametrize("state", [DocumentState.PROCESSING, DocumentState.READY, DocumentState.HELD])
def test_a_check_on_demand_makes_a_report_and_changes_no_state(services, enqueued, state):
    version = look_at(services, CLAIMING)
    services.catalog.set_state("doc_7", state, "as it was")
    before = (services.catalog.document("doc_7"), services.document_statuses.find("doc_7"))

    done = check_eta_2019.run(Eta2019Check(document_id="doc_7", requested_by="user_3"), services)

    assert (services.catalog.document("doc_7"), services.document_statuses.find("doc_7")) == before
    assert outcomes(services, done)["ETA-48-a"].startswith("fail")
    assert Step.COMPLIANCE_RECEIVED not in services.catalog.results("doc_7", version.sha256)
    entry = enqueued.jobs(RecordEvent)[-1]
    assert (entry.actor, entry.details["stage"]) == ("user_3", "on_demand")


def test_a_check_that_runs_twice_is_one_entry_and_its_first_result_stays(services, enqueued, clock):
    version = look_at(services, GOOD)
    job = check_job(version)
    first = check_eta_2019.run(job, services)
    clock.now = SINCE_CHAPTER_5

    check_eta_2019.run(job, services)

    result = services.catalog.results("doc_7", version.sha256)[Step.COMPLIANCE_RECEIVED]
    assert result == {name: first.data[name] for name in ("report", "report_text", "counts")}
    assert actions(enqueued).count("compliance.checked") == 1


def test_a_crash_before_the_state_was_set_is_made_good_by_the_repeat(services):
    version = look_at(services, CLAIMING)
    steps = frozenset({Step.COMPLIANCE_RECEIVED})
    services.catalog.finish_step("doc_7", version.sha256, Step.COMPLIANCE_RECEIVED, {}, of=steps)

    check_eta_2019.run(check_job(version), services)

    assert services.catalog.document("doc_7").state is DocumentState.HELD


def test_an_older_version_does_not_decide_about_the_document(services, enqueued):
    older = look_at(services, GOOD)
    latest = look_at(services, CLAIMING)
    check_eta_2019.run(check_job(latest), services)
    before = (services.catalog.document("doc_7"), services.document_statuses.find("doc_7"))

    check_eta_2019.run(check_job(older), services)

    assert before[0].state is DocumentState.HELD
    assert (services.catalog.document("doc_7"), services.document_statuses.find("doc_7")) == before
    assert actions(enqueued).count("compliance.checked") == 2


@pytest.mark.parametrize("sha256", [None, "ab" * 32], ids=["document", "version"])
def test_what_was_never_uploaded_is_for_a_person(services, enqueued, sha256):
    if sha256 is not None:
        upload(services, GOOD)

    with pytest.raises(DocumentUnknown) as refused:
        check_eta_2019.run(Eta2019Check(document_id="doc_7", sha256=sha256), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []


@pytest.mark.parametrize("shared", [False, True], ids=["bytes gone", "bytes of another document too"])
def test_a_deleted_version_is_for_a_person(services, enqueued, shared):
    version = upload(services, GOOD, retain_until=NOON)
    if shared:
        upload(services, GOOD, document_id="doc_8")
    with services.catalog.deleting("doc_7", version.sha256) as deletion:
        for blob in deletion.unused_blobs:
            services.blobs.delete(blob)

    with pytest.raises(VersionDeleted) as refused:
        check_eta_2019.run(check_job(version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []
    assert services.catalog.document("doc_7").state is DocumentState.DELETED


def test_bytes_that_were_tampered_with_are_for_a_person(services, enqueued):
    version = upload(services, GOOD)
    path = Path(services.settings.blob_folder) / version.sha256[:2] / version.sha256
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(BlobDamaged) as refused:
        check_eta_2019.run(check_job(version), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == []
    assert services.catalog.document("doc_7").state is DocumentState.RECEIVED
