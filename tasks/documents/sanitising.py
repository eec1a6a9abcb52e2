"""The copy of a version without what acts in it, kept as a blob."""

from functools import partial
from typing import Any

from buffrsign.documents import Active, Unreadable
from buffrsign.jobs.documents import SanitiseDocument
from buffrsign.storage import Step, Version, attach
from config.services import Services
from tasks.base import Done, task
from tasks.documents.steps import read_pdf, record, say_done

_REMOVED = {kind: f"removed_{kind.value}" for kind in Active}
_LEDGER = ("sanitised", "reason", "copy", "pages", "compared", *_REMOVED.values())


@task(SanitiseDocument, attempts=5)
def sanitise_document(job: SanitiseDocument, services: Services) -> Done:
    """Make the copy and prove that its pages look the same; what cannot be copied so is left alone, with its reason."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    found = _sanitised(version, services, even_signed=job.even_signed)
    step = Step.SANITISE_EVEN_SIGNED if job.even_signed else Step.SANITISE
    services.catalog.finish_step(version.document_id, version.sha256, step, found, of=frozenset({step}))
    record(job, "document.sanitised", version, found, services, kept=_LEDGER)
    say_done(version, step, services)
    return Done(_said(found), found)


def _sanitised(version: Version, services: Services, *, even_signed: bool) -> dict[str, Any]:
    """What came of it, as JSON values. Where there is a copy, `copy` is its digest."""
    made = read_pdf(version, services, partial(services.sandbox.sanitise, even_signed=even_signed))
    if isinstance(made, Unreadable):
        return {"sanitised": False, "reason": made.reason.value}
    if made.left_alone is not None:
        return {"sanitised": False, "reason": made.left_alone.value}
    copy = attach(made.pdf, to=version, catalog=services.catalog, blobs=services.blobs)
    removed = {_REMOVED[kind]: count for kind, count in made.removed.items()}
    return {"sanitised": True, "copy": copy, "pages": made.pages, "compared": made.compared, **removed}


def _said(found: dict[str, Any]) -> str:
    if not found["sanitised"]:
        return str(found["reason"])
    removed = sum(found.get(name, 0) for name in _REMOVED.values())
    return "1 part removed" if removed == 1 else f"{removed} parts removed"
