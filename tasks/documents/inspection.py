"""What a version is; a file that cannot be read ends here, held, with its reason."""

from typing import Any

import msgspec

from buffrsign.compliance import claims_of_accreditation
from buffrsign.documents import MAX_BYTES, Inspected, Reason, Unreadable
from buffrsign.documents.sandbox import NOT_INSTALLED, MadePdf
from buffrsign.jobs.documents import AnalyseDocument, DetectFields, InspectDocument, RenderThumbnails
from buffrsign.storage import Step, Version, attach
from config.cache import INSPECTIONS
from config.services import Services
from tasks.base import Done, task
from tasks.documents.steps import finish, hold, record, show_progress

CLAIM_SCAN_PAGES = 50
CLAIM_SCAN_CHARACTERS = 200_000

_LEDGER = ("readable", "reason", "pages", "encrypted", "converted_from", "converted_by", "has_macros", "pdf")


@task(InspectDocument, attempts=5)
def inspect_document(job: InspectDocument, services: Services) -> Done:
    """Find out what the version is, and have the next steps look at it if it can be read."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    show_progress(version, Step.INSPECT, 25, services)
    found = _inspection(version, services)
    record(job, "document.inspected", version, found, services, kept=_LEDGER)
    if found.get("detail") != NOT_INSTALLED.detail:  # it may be installed later: the first result that is kept stays
        finish(version, Step.INSPECT, found, services)
    if not found["readable"]:
        hold(version, str(found["reason"]), services)
        return Done(str(found["reason"]), found)
    show_progress(version, Step.INSPECT, 100, services, pages=found["pages"])
    for look in (RenderThumbnails, DetectFields, AnalyseDocument):
        services.producer.enqueue(look(document_id=version.document_id, sha256=version.sha256))
    return Done(_pages(found["pages"]), found)


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _inspection(version: Version, services: Services) -> dict[str, Any]:
    """What the file is, as JSON values; from the cache when these bytes were read before, and could be.

    That a file cannot be read may be the machine's doing, or ours, so it is found out each time. What is read from a
    PDF made of something else is not cached: that PDF belongs to the version.
    """
    known = services.cache.get(INSPECTIONS, version.sha256)
    if isinstance(known, dict):
        return known
    if version.size_bytes > MAX_BYTES:  # not even into memory
        return _unreadable(Unreadable.because(Reason.TOO_LARGE))
    data = services.blobs.get(version.sha256)
    found = _inspected(data, services)
    if found["readable"]:
        services.cache.put(INSPECTIONS, version.sha256, found)
    elif found["reason"] == Reason.NOT_A_PDF.value:
        return _other_inspected(data, version, services) or found
    return found


def _other_inspected(data: bytes, version: Version, services: Services) -> dict[str, Any] | None:
    """What a picture or an office file is as a PDF, which is kept with the version; None where it is neither."""
    upload = {"sha256": version.sha256, "size_bytes": len(data)}
    if about := _made_before(version, services):
        return {**_inspected(services.blobs.get(about["pdf"]), services), **upload, **about}
    match services.sandbox.to_pdf(data):
        case None:
            return None
        case Unreadable() as refused:
            return _unreadable(refused)
        case MadePdf() as made:
            kept = attach(made.pdf, to=version, catalog=services.catalog, blobs=services.blobs)
            about = {"converted_from": made.made_of, "pdf": kept}
            if made.made_by:
                about |= {"converted_by": made.made_by, "has_macros": made.has_macros}
            return {**_inspected(made.pdf, services), **upload, **about}


def _made_before(version: Version, services: Services) -> dict[str, Any] | None:
    """What LibreOffice made at an earlier inspection, and later steps read: it never makes the same bytes again."""
    earlier = services.catalog.results(version.document_id, version.sha256).get(Step.INSPECT, {})
    if not (earlier.get("readable") and earlier.get("converted_by")):
        return None
    return {name: earlier[name] for name in ("converted_from", "pdf", "converted_by", "has_macros")}


def _inspected(pdf: bytes, services: Services) -> dict[str, Any]:
    match services.sandbox.inspect(pdf):
        case Unreadable() as refused:
            return _unreadable(refused)
        case Inspected() as report:
            claims = _claims(pdf, services, pages=report.pages)
            return {"readable": True, **msgspec.to_builtins(report), "claims": claims}


def _unreadable(refused: Unreadable) -> dict[str, Any]:
    return {"readable": False, "reason": refused.reason.value, "detail": refused.detail}


def _claims(data: bytes, services: Services, *, pages: int) -> list[str] | None:
    """Claims of accreditation in the text; None when it was not all read and holds none so far: nobody knows then."""
    match services.sandbox.text_of(data, max_pages=CLAIM_SCAN_PAGES, max_characters=CLAIM_SCAN_CHARACTERS):
        case str(text) if text.strip():
            claims = claims_of_accreditation(text)
            is_cut = pages > CLAIM_SCAN_PAGES or len(text) >= CLAIM_SCAN_CHARACTERS
            return None if is_cut and not claims else claims
    return None
