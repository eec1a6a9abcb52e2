"""An office file through the steps of a document: everything after its inspection works on the PDF made of it."""

from collections.abc import Iterator

import pytest

from buffrsign.documents import inspect
from buffrsign.documents.sandbox import NOT_INSTALLED, Office, Sandbox
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check
from buffrsign.jobs.documents import (
    AnalyseDocument,
    CompleteDocument,
    DetectFields,
    InspectDocument,
    RenderThumbnails,
    SanitiseDocument,
)
from buffrsign.storage import DocumentState, Step, Version
from buffrsign.testing import assert_enqueued
from config.services import Services
from tasks.documents import (
    analyse_document,
    complete_document,
    detect_fields,
    inspect_document,
    render_thumbnails,
    sanitise_document,
)
from tests.support import office_files, pdfs
from tests.support.clock import NOON
from tests.support.family import upload


@pytest.fixture(scope="module")
def with_libreoffice() -> Iterator[Sandbox]:
    sandbox = Sandbox(office=Office())
    yield sandbox
    sandbox.close()


@pytest.fixture
def shared(services: Services, with_libreoffice: Sandbox) -> Iterator[None]:
    services.sandbox = with_libreoffice
    yield
    del services.sandbox


def asked(kind, version: Version, **more):
    return kind(document_id=version.document_id, sha256=version.sha256, **more)


@pytest.mark.needs("libreoffice")
@pytest.mark.usefixtures("shared")
def test_an_office_file_named_pdf_is_worked_on_as_the_pdf_made_of_it(services, enqueued):
    data = office_files.docx(more={"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
    version = upload(services, data)

    inspected = inspect_document.run(asked(InspectDocument, version), services)
    render_thumbnails.run(asked(RenderThumbnails, version), services)
    detect_fields.run(asked(DetectFields, version), services)
    analyse_document.run(asked(AnalyseDocument, version), services)
    sanitise_document.run(asked(SanitiseDocument, version), services)
    completion = asked(CompleteDocument, version, title="Lease", completed_at=NOON, locale="en", signatories=())
    completed = complete_document.run(completion, services)

    results = services.catalog.results("doc_7", version.sha256)
    found = results[Step.INSPECT]
    assert inspected.outcome == "1 page"
    assert (found["sha256"], found["size_bytes"]) == (version.sha256, len(data))
    assert (found["converted_from"], found["has_macros"]) == ("docx", True)
    assert found["converted_by"].startswith("LibreOffice ")
    assert inspect(services.blobs.get(found["pdf"])).pages == 1
    assert results[Step.THUMBNAILS]["rendered"]
    assert results[Step.FIELDS]["counts"] == {"signature": 1}
    assert results[Step.ANALYSIS]["analysed"]
    assert results[Step.SANITISE]["sanitised"]
    assert completed.data["appended"]
    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)
    entry = enqueued.jobs(RecordEvent)[0]
    kept = ("converted_from", "converted_by", "has_macros", "pdf")
    assert {name: found[name] for name in kept}.items() <= entry.details.items()


@pytest.mark.needs("libreoffice")
@pytest.mark.usefixtures("shared")
def test_a_second_inspection_keeps_the_pdf_that_other_steps_have_read(services):
    version = upload(services, office_files.rtf())
    first = inspect_document.run(asked(InspectDocument, version), services).data

    second = inspect_document.run(asked(InspectDocument, version), services).data

    assert second == first  # LibreOffice would have made other bytes


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(office_files.compound({"EncryptedPackage": b""}), "encrypted", id="password"),
        pytest.param(office_files.docx()[:600], "damaged", id="cut off"),
        pytest.param(office_files.zipped({"a.pdf": pdfs.plain()}), "not_a_pdf", id="PDF in a ZIP"),
        pytest.param(office_files.docx(), "unsupported", id="LibreOffice is missing"),
    ],
)
@pytest.mark.usefixtures("shared_sandbox")
def test_an_office_file_that_cannot_become_a_pdf_is_held_with_its_reason(services, data, reason):
    version = upload(services, data)

    done = inspect_document.run(asked(InspectDocument, version), services)

    document = services.catalog.document("doc_7")
    assert (done.outcome, document.state, document.state_reason) == (reason, DocumentState.HELD, reason)


@pytest.mark.needs("libreoffice")
def test_a_file_that_waited_for_libreoffice_is_read_once_it_is_there(services, sandbox, with_libreoffice):
    version = upload(services, office_files.docx())
    services.sandbox = sandbox
    before = inspect_document.run(asked(InspectDocument, version), services)
    services.sandbox = with_libreoffice

    after = inspect_document.run(asked(InspectDocument, version), services)

    rendered = render_thumbnails.run(asked(RenderThumbnails, version), services)
    del services.sandbox
    assert (before.outcome, before.data["detail"]) == ("unsupported", NOT_INSTALLED.detail)
    assert after.outcome == "1 page"
    assert rendered.data["rendered"]
