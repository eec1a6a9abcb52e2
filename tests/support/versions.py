"""Versions of documents: the jobs on one, what people see of it, and files that cannot be read."""

from typing import TypeVar

import pytest

from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.state.document_status import DocumentStatus
from buffrsign.storage import Deletion, Version
from config.services import Services
from tasks.documents import analyse_document, detect_fields, inspect_document, render_thumbnails
from tests.support import bombs, pdfs

Look = TypeVar("Look", InspectDocument, RenderThumbnails, DetectFields, AnalyseDocument)

LOOKS = [
    pytest.param(inspect_document, InspectDocument, id="inspect"),
    pytest.param(render_thumbnails, RenderThumbnails, id="render"),
    pytest.param(detect_fields, DetectFields, id="fields"),
    pytest.param(analyse_document, AnalyseDocument, id="analyse"),
]
"""The tasks that look at a version on its way, and what they are asked with."""

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
"""Files, and the reason why each cannot be read."""


def job_of(look: type[Look], version: Version) -> Look:
    """To look at this version."""
    return look(document_id=version.document_id, sha256=version.sha256)


def status(services: Services, document_id: str = "doc_7") -> DocumentStatus:
    """What people see of the document."""
    found = services.document_statuses.find(document_id)
    assert found, f"nobody published a status of {document_id}"
    return found


def delete(services: Services, version: Version) -> None:
    """Delete an expired version, as the nightly clean-up does."""
    with services.catalog.deleting(version.document_id, version.sha256) as deletion:
        assert isinstance(deletion, Deletion)
        for blob in deletion.unused_blobs:
            services.blobs.delete(blob)
