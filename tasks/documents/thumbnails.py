"""The pictures of page 1, which people see first and the check waits for; those of the other pages follow."""

from typing import Any

from buffrsign.documents import DrawnPages, Look, Unreadable
from buffrsign.jobs.documents import RenderPreviews, RenderThumbnails
from buffrsign.storage import Step, Version
from config.services import Services
from tasks.base import Done, task
from tasks.documents.pictures import keep, show_pages
from tasks.documents.steps import finish, read_pdf, record, show_progress

_THUMBNAIL = Look.THUMBNAIL_PNG.file_name
_LEDGER = ("rendered", "reason", "thumbnail")


@task(RenderThumbnails, attempts=5)
def render_thumbnails(job: RenderThumbnails, services: Services) -> Done:
    """Picture page 1, keep the pictures as blobs, and go on to the check once everything before it is known."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    match read_pdf(version, services, services.sandbox.draw_pages):
        case DrawnPages(claimed, pages):
            keep({1: pages[0]}, version, services)
            show_pages(version, pages=_pages(version, services, claimed=claimed), services=services)
            found = _of_page_1(version, services)
        case Unreadable(reason):
            claimed, found = 0, {"rendered": False, "reason": reason.value}
    record(job, "document.thumbnails_rendered", version, found, services, kept=_LEDGER)
    show_progress(version, Step.THUMBNAILS, 100, services)
    finish(version, Step.THUMBNAILS, found, services)
    if claimed:
        services.producer.enqueue(RenderPreviews(document_id=version.document_id, sha256=version.sha256))
    return Done(_outcome(found), found)


def _of_page_1(version: Version, services: Services) -> dict[str, Any]:
    """As the catalog has it, where the first drawing stays."""
    page = services.catalog.pages(version.document_id, version.sha256)[1]
    picture = page.pictures.get(_THUMBNAIL)
    if picture is None:
        return {"rendered": False, "reason": page.reason}
    return {"rendered": True, "thumbnail": picture.blob, "width_px": picture.width_px, "height_px": picture.height_px}


def _pages(version: Version, services: Services, *, claimed: int) -> int:
    """As many as the inspection counted, if it was there before; else as many as the file claims."""
    inspected = services.catalog.results(version.document_id, version.sha256).get(Step.INSPECT, {})
    return int(inspected.get("pages", claimed))


def _outcome(found: dict[str, Any]) -> str:
    return f"{found['width_px']} by {found['height_px']} px" if found["rendered"] else str(found["reason"])
