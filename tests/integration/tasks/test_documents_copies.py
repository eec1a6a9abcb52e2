"""The copies that are made of a version on demand: sanitised, and completed with a certificate."""

from io import BytesIO

import msgspec
import pytest
from PIL import Image
from pypdf import PdfReader

from buffrsign.documents import Sanitised, sanitise
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import CompleteDocument, Happening, InspectDocument, SanitiseDocument, Signatory, What
from buffrsign.state.document_status import DocumentStatus
from buffrsign.storage import DocumentState, Step, Version
from config.services import Services
from tasks.documents import complete_document, inspect_document, sanitise_document
from tests.support import pdfs
from tests.support.active_pdfs import ACTIVE
from tests.support.clock import NOON
from tests.support.family import actions, upload

pytestmark = pytest.mark.usefixtures("shared_sandbox")

SCRIPTED, _ = ACTIVE["scripts of the document"]
SIGNED = pdfs.with_field(kind="/Sig", value=True)

UNREADABLE = [
    pytest.param(pdfs.encrypted(user_password="secret"), "encrypted", id="password"),
    pytest.param(SIGNED, "signed", id="signed"),
]


def sanitising(version: Version, *, even_signed: bool = False) -> SanitiseDocument:
    return SanitiseDocument(document_id=version.document_id, sha256=version.sha256, even_signed=even_signed)


def completing(version: Version) -> CompleteDocument:
    return CompleteDocument(
        document_id=version.document_id,
        sha256=version.sha256,
        title="Service Agreement",
        completed_at=NOON,
        signatories=(Signatory("Tuyakula Amweelo", "Client", NOON),),
        happenings=(Happening(NOON, What.SIGNED, "Tuyakula Amweelo", "entry-7"),),
        locale="de",
    )


def texts(data: bytes) -> list[str]:
    """The text of each page."""
    with PdfReader(BytesIO(data)) as reader:
        return [page.extract_text() for page in reader.pages]


def steps(services: Services, version: Version) -> dict[Step, dict]:
    return services.catalog.results(version.document_id, version.sha256)


def test_the_sanitised_copy_is_kept_as_a_blob_and_the_ledger_gets_its_digest_and_counts(services, enqueued):
    version = upload(services, SCRIPTED)

    done = sanitise_document.run(sanitising(version), services)

    found = steps(services, version)[Step.SANITISE]
    made = sanitise(SCRIPTED)
    [entry] = enqueued.jobs(RecordEvent)
    assert isinstance(made, Sanitised)
    assert services.blobs.get(found["copy"]) == made.pdf
    assert services.blobs.get(version.sha256) == SCRIPTED
    assert (done.outcome, done.data) == ("2 parts removed", found)
    assert entry.action == "document.sanitised"
    assert entry.details == {"sha256": version.sha256, **found}
    assert found == {"sanitised": True, "copy": found["copy"], "pages": 1, "compared": 1, "removed_javascript": 2}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE)
def test_what_cannot_be_sanitised_says_why(services, enqueued, data, reason):
    version = upload(services, data)

    done = sanitise_document.run(sanitising(version), services)

    [entry] = enqueued.jobs(RecordEvent)
    assert steps(services, version)[Step.SANITISE] == {"sanitised": False, "reason": reason}
    assert (done.outcome, entry.details["reason"]) == (reason, reason)


def test_a_signed_document_is_sanitised_if_that_is_asked_for_and_both_answers_are_kept(services):
    version = upload(services, SIGNED)

    for even_signed in (False, True):
        sanitise_document.run(sanitising(version, even_signed=even_signed), services)

    found = steps(services, version)
    assert found[Step.SANITISE]["reason"] == "signed"
    assert found[Step.SANITISE_EVEN_SIGNED]["sanitised"] is True


def test_the_certificate_comes_behind_the_document_and_lies_by_itself_too(services, enqueued):
    version = upload(services, pdfs.plain(pages=2))

    done = complete_document.run(completing(version), services)

    found = steps(services, version)[Step.COMPLETE]
    whole, certificate = services.blobs.get(found["whole"]), services.blobs.get(found["certificate"])
    [entry] = enqueued.jobs(RecordEvent)
    assert texts(whole) == texts(pdfs.plain(pages=2)) + texts(certificate)
    assert all(
        stated in texts(certificate)[0] for stated in (version.sha256, "Tuyakula Amweelo", "unterschrieben", "entry-7")
    )
    assert (done.outcome, done.data) == ("appended", found)
    assert (found["pages"], found["added"]) == (3, 1)
    assert (entry.action, entry.details) == ("document.completed", {"sha256": version.sha256, **found})


def test_a_picture_is_completed_as_the_pdf_that_its_inspection_made_of_it(services):
    picture = BytesIO()
    Image.new("RGB", (30, 20), "navy").save(picture, format="PNG")
    version = upload(services, picture.getvalue())
    inspect_document.run(InspectDocument(document_id="doc_7"), services)

    complete_document.run(completing(version), services)

    [page, certificate] = texts(services.blobs.get(steps(services, version)[Step.COMPLETE]["whole"]))
    assert page == ""
    assert version.sha256 in certificate


@pytest.mark.parametrize(("data", "reason"), UNREADABLE)
def test_where_nothing_can_be_put_behind_the_document_the_certificate_is_a_file_of_its_own(services, data, reason):
    version = upload(services, data)

    done = complete_document.run(completing(version), services)

    found = steps(services, version)[Step.COMPLETE]
    assert done.outcome == f"separate: {reason}"
    assert found == {"certificate": found["certificate"], "appended": False, "reason": reason}
    assert version.sha256 in texts(services.blobs.get(found["certificate"]))[0]


@pytest.mark.parametrize("task", [sanitise_document, complete_document], ids=["sanitise", "complete"])
def test_a_copy_that_is_made_twice_is_the_same_and_recorded_once(services, enqueued, task):
    version = upload(services, SCRIPTED)
    job = sanitising(version) if task is sanitise_document else completing(version)

    first, second = task.run(job, services), task.run(job, services)

    assert first == second
    assert len(actions(enqueued)) == 1


@pytest.mark.parametrize("task", [sanitise_document, complete_document], ids=["sanitise", "complete"])
def test_a_concluded_document_stays_so_and_its_watchers_are_told(services, task):
    version = upload(services, pdfs.plain())
    services.catalog.set_state("doc_7", DocumentState.HELD, "a reason")
    job = sanitising(version) if task is sanitise_document else completing(version)

    task.run(job, services)

    status = services.document_statuses.find("doc_7")
    assert isinstance(status, DocumentStatus)
    assert (status.state, status.reason, status.progress) == ("held", "a reason", 100)
    assert status.step == ("sanitise" if task is sanitise_document else "complete")
    assert services.catalog.document("doc_7").state is DocumentState.HELD


def test_on_its_way_to_ready_and_of_an_older_version_nothing_is_told(services):
    older, latest = upload(services, SCRIPTED), upload(services, pdfs.plain())

    sanitise_document.run(sanitising(latest), services)
    services.catalog.set_state("doc_7", DocumentState.READY)
    sanitise_document.run(sanitising(older), services)

    assert services.document_statuses.find("doc_7") is None


def test_an_entry_holds_no_names(services, enqueued):
    version = upload(services, pdfs.plain())

    complete_document.run(completing(version), services)

    assert "Amweelo" not in msgspec.json.encode(enqueued.jobs(RecordEvent)).decode()
