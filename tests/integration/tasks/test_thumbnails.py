from io import BytesIO

import pytest
from PIL import Image

from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import Step
from buffrsign.testing import assert_enqueued
from tasks.documents import analyse_document, detect_fields, inspect_document, render_thumbnails
from tests.support import pdfs
from tests.support.family import upload
from tests.support.versions import UNREADABLE, job_of, status

pytestmark = pytest.mark.usefixtures("shared_sandbox")


def test_the_picture_of_page_1_is_kept_as_a_blob_and_the_check_asked_for(services, enqueued):
    version = upload(services, pdfs.plain())
    inspect_document.run(job_of(InspectDocument, version), services)
    analyse_document.run(job_of(AnalyseDocument, version), services)
    detect_fields.run(job_of(DetectFields, version), services)

    done = render_thumbnails.run(job_of(RenderThumbnails, version), services)

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

    done = render_thumbnails.run(job_of(RenderThumbnails, version), services)

    found = services.catalog.results("doc_7", version.sha256)[Step.THUMBNAILS]
    assert (done.outcome, found) == (reason, {"rendered": False, "reason": reason})
    assert enqueued.jobs(Eta2019Check) == []
