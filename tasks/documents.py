"""How a document is looked at: inspected, then pictured; whoever completes the set asks for the compliance check."""

from typing import Any

import msgspec

from buffrsign.compliance import claims_of_accreditation
from buffrsign.documents import Inspected, Thumbnail, Unreadable
from buffrsign.jobs import Job
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import InspectDocument, RenderThumbnails
from buffrsign.storage import DocumentState, Step, Version, attach
from config.cache import INSPECTIONS
from config.services import Services
from tasks.base import Done, task

BEFORE_CHECK = frozenset({Step.INSPECT, Step.THUMBNAILS})
"""What must be known of a version before it is checked."""

CLAIM_SCAN_PAGES = 50
CLAIM_SCAN_CHARACTERS = 200_000


@task(InspectDocument, attempts=5)
def inspect_document(job: InspectDocument, services: Services) -> Done:
    """Find out what the version is; a file that cannot be read ends here, held, with its reason."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    _show_progress(version, Step.INSPECT, 10, services)
    found = _inspection(version, services)
    _record(job, "document.inspected", version, found, services)
    _finish(version, Step.INSPECT, found, services)
    if not found["readable"]:
        _hold(version, str(found["reason"]), services)
        return Done(str(found["reason"]), found)
    _show_progress(version, Step.INSPECT, 40, services)
    services.producer.enqueue(RenderThumbnails(document_id=version.document_id, sha256=version.sha256))
    return Done(_pages(found["pages"]), found)


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
    _record(job, "document.thumbnails_rendered", version, found, services)
    _show_progress(version, Step.THUMBNAILS, 70, services)
    _finish(version, Step.THUMBNAILS, found, services)
    return Done(outcome, found)


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _finish(version: Version, step: Step, found: dict[str, Any], services: Services) -> None:
    """Record the step; the one that completes the set asks for the check, by a job whose key makes repeats harmless."""
    finished = services.catalog.finish_step(version.document_id, version.sha256, step, found, of=BEFORE_CHECK)
    if finished.completed_set:
        services.producer.enqueue(
            Eta2019Check(document_id=version.document_id, sha256=version.sha256, stage=Stage.RECEIVED)
        )


def _inspection(version: Version, services: Services) -> dict[str, Any]:
    """What the file is, as JSON values; from the cache when these bytes were read before, and could be.

    That a file cannot be read may be the machine's doing, or ours, so it is found out each time.
    """
    known = services.cache.get(INSPECTIONS, version.sha256)
    if isinstance(known, dict):
        return known
    data = services.blobs.get(version.sha256)
    match services.sandbox.inspect(data):
        case Unreadable(reason, detail):
            return {"readable": False, "reason": reason.value, "detail": detail}
        case Inspected() as report:
            claims = _claims(data, services, pages=report.pages)
            found = {"readable": True, **msgspec.to_builtins(report), "claims": claims}
            services.cache.put(INSPECTIONS, version.sha256, found)
            return found


def _claims(data: bytes, services: Services, *, pages: int) -> list[str] | None:
    """Claims of accreditation in the text; None when it was not all read and holds none so far: nobody knows then."""
    match services.sandbox.text_of(data, max_pages=CLAIM_SCAN_PAGES, max_characters=CLAIM_SCAN_CHARACTERS):
        case str(text) if text.strip():
            claims = claims_of_accreditation(text)
            is_cut = pages > CLAIM_SCAN_PAGES or len(text) >= CLAIM_SCAN_CHARACTERS
            return None if is_cut and not claims else claims
    return None


def _show_progress(version: Version, step: Step, percent: int, services: Services) -> None:
    """A document that is ready or held stays so while it is looked at again; an older version says nothing of it."""
    processing = DocumentState.PROCESSING
    unfinished = frozenset({DocumentState.RECEIVED, processing})
    if services.catalog.set_state(version.document_id, processing, found_in=version.sha256, only_from=unfinished):
        services.document_statuses.publish(
            version.document_id, state=processing.value, step=step.value, progress=percent
        )


def _hold(version: Version, reason: str, services: Services) -> None:
    if services.catalog.set_state(version.document_id, DocumentState.HELD, reason, found_in=version.sha256):
        services.document_statuses.publish(
            version.document_id, state=DocumentState.HELD.value, step=Step.INSPECT.value, progress=100, reason=reason
        )


def _record(job: Job, action: str, version: Version, found: dict[str, Any], services: Services) -> None:
    kept = ("readable", "reason", "pages", "encrypted", "rendered", "thumbnail")
    services.producer.enqueue(
        RecordEvent(
            entry_id=f"{job.job_id}:{action}",
            action=action,
            occurred_at=services.clock(),
            document_id=version.document_id,
            details={"sha256": version.sha256, **{name: found[name] for name in kept if name in found}},
        )
    )
