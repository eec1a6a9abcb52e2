"""The pictures of a version, kept as blobs."""

from typing import Any

from buffrsign.documents import Thumbnail, Unreadable
from buffrsign.jobs.documents import RenderThumbnails
from buffrsign.storage import Step, attach
from config.services import Services
from tasks.base import Done, task
from tasks.documents.steps import finish, record, show_progress


@task(RenderThumbnails, attempts=5)
def render_thumbnails(job: RenderThumbnails, services: Services) -> Done:
    """Picture page 1, keep the picture as a blob, and go on to the check once everything before it is known."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    match services.sandbox.render_thumbnail(services.blobs.get(version.sha256)):
        case Thumbnail(png, width, height):
            kept = attach(png, to=version, catalog=services.catalog, blobs=services.blobs)
            found: dict[str, Any] = {"rendered": True, "thumbnail": kept, "width_px": width, "height_px": height}
            outcome = f"{width} by {height} px"
        case Unreadable(reason):
            found = {"rendered": False, "reason": reason.value}
            outcome = reason.value
    record(job, "document.thumbnails_rendered", version, found, services)
    show_progress(version, Step.THUMBNAILS, 100, services)
    finish(version, Step.THUMBNAILS, found, services)
    return Done(outcome, found)
