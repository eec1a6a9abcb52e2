"""The search for fields as a step of a document's life."""

import msgspec
import pytest

from buffrsign.documents import Fields
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check
from buffrsign.jobs.documents import DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import Step, Version, VersionDeleted
from buffrsign.testing import assert_enqueued
from tasks.documents import detect_fields, inspect_document, render_thumbnails
from tasks.documents.steps import BEFORE_CHECK
from tests.support import bombs, pdfs, signing
from tests.support.clock import NOON
from tests.support.family import upload

pytestmark = pytest.mark.usefixtures("shared_sandbox")


def fields_job(version: Version) -> DetectFields:
    return DetectFields(document_id=version.document_id, sha256=version.sha256)


def test_the_fields_of_a_version_lie_in_the_catalog_and_counts_in_the_ledger(services, enqueued):
    version = upload(services, signing.agreement(parties=("Namib Trading CC", "Oshana Farms Ltd")))

    done = detect_fields.run(fields_job(version), services)

    result = services.catalog.results("doc_7", version.sha256)[Step.FIELDS]
    found = msgspec.convert(result, Fields)
    [entry] = enqueued.jobs(RecordEvent)
    assert [owner.heading for owner in found.owners] == ["Namib Trading CC", "Oshana Farms Ltd"]
    assert result["counts"] == {"signature": 2, "date": 2}
    assert done.outcome == "4 fields"
    assert entry.action == "document.fields_detected"
    assert entry.details == {
        "sha256": version.sha256,
        "searched": True,
        "fields": 4,
        "by_type": ["date: 2", "signature: 2"],
    }


def test_neither_the_jobs_result_nor_the_ledger_names_a_party(services, enqueued):
    version = upload(services, signing.agreement(parties=("Namib Trading CC", "Oshana Farms Ltd")))

    done = detect_fields.run(fields_job(version), services)

    told = msgspec.json.encode([done.outcome, done.data, enqueued.jobs(RecordEvent)])
    assert b"Namib" not in told
    assert b"Oshana" not in told


@pytest.mark.parametrize(
    ("data", "reason"),
    [(pdfs.encrypted(user_password="x"), "encrypted"), (bombs.flate_in_flate(mib=300), "resource_limit")],
    ids=["encrypted", "bomb"],
)
def test_a_file_that_cannot_be_searched_is_a_finished_step_with_its_reason(services, data, reason):
    version = upload(services, data)

    done = detect_fields.run(fields_job(version), services)

    assert done.outcome == reason
    assert services.catalog.results("doc_7", version.sha256)[Step.FIELDS] == {"searched": False, "reason": reason}


def test_fields_that_come_last_ask_for_the_check(services, enqueued):
    version = upload(services, pdfs.plain())
    inspect_document.run(InspectDocument(document_id="doc_7", sha256=version.sha256), services)
    render_thumbnails.run(RenderThumbnails(document_id="doc_7", sha256=version.sha256), services)
    services.catalog.finish_step("doc_7", version.sha256, Step.ANALYSIS, {"analysed": True}, of=BEFORE_CHECK)
    assert enqueued.jobs(Eta2019Check) == []

    done = detect_fields.run(fields_job(version), services)

    assert done.outcome == "0 fields"
    assert_enqueued(enqueued, Eta2019Check, document_id="doc_7", sha256=version.sha256)


def test_a_deleted_version_is_searched_no_more(services):
    version = upload(services, pdfs.plain(), retain_until=NOON)
    with services.catalog.deleting(version.document_id, version.sha256) as deletion:
        assert version.sha256 in deletion.unused_blobs

    with pytest.raises(VersionDeleted):
        detect_fields.run(fields_job(version), services)
