import pytest

from buffrsign.documents import Inspected, inspect
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import Step
from buffrsign.testing import assert_enqueued
from tasks.documents import analyse_document, detect_fields, inspect_document, render_thumbnails
from tests.support import bombs, described
from tests.support.clock import NOON
from tests.support.family import upload
from tests.support.versions import delete, job_of

pytestmark = pytest.mark.usefixtures("shared_sandbox")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_named_pdf_becomes_one_and_is_worked_on_like_one(services, enqueued, kind):
    data = described.picture(kind)
    version = upload(services, data)

    inspect_document.run(job_of(InspectDocument, version), services)
    render_thumbnails.run(job_of(RenderThumbnails, version), services)
    detect_fields.run(job_of(DetectFields, version), services)
    analyse_document.run(job_of(AnalyseDocument, version), services)

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
        inspect_document.run(job_of(InspectDocument, version), services)

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

    assert inspect_document.run(job_of(InspectDocument, version), services).outcome == reason
