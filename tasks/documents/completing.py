"""A completed version with its certificate behind it, and the certificate by itself, kept as blobs."""

from functools import partial
from typing import Any

from buffrsign.documents import Unreadable
from buffrsign.documents.certificate import Facts, Happening, Signatory, certificate
from buffrsign.jobs.documents import CompleteDocument
from buffrsign.storage import Step, Version, attach
from config.services import Services
from tasks.base import Done, task
from tasks.documents.steps import read_pdf, record, say_done

_LEDGER = ("certificate", "appended", "reason", "whole", "pages", "added", "compared")


@task(CompleteDocument, attempts=5)
def complete_document(job: CompleteDocument, services: Services) -> Done:
    """Make the certificate, and put it behind the document where that breaks nothing; else it stays by itself."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    page = certificate(_facts(job, version))
    kept = attach(page, to=version, catalog=services.catalog, blobs=services.blobs)
    found = {"certificate": kept, **_completed(page, version, services)}
    step = Step.COMPLETE
    services.catalog.finish_step(version.document_id, version.sha256, step, found, of=frozenset({step}))
    record(job, "document.completed", version, found, services, kept=_LEDGER)
    say_done(version, step, services)
    return Done("appended" if found["appended"] else f"separate: {found['reason']}", found)


def _facts(job: CompleteDocument, version: Version) -> Facts:
    return Facts(
        document_id=version.document_id,
        title=job.title,
        sha256=version.sha256,
        completed_at=job.completed_at,
        locale=job.locale,
        signatories=tuple(
            Signatory(name=each.name, role=each.role, signed_at=each.signed_at) for each in job.signatories
        ),
        happenings=tuple(
            Happening(at=each.at, what=each.what.value, who=each.who, entry=each.entry_id or "")
            for each in job.happenings
        ),
    )


def _completed(page: bytes, version: Version, services: Services) -> dict[str, Any]:
    """What came of it, as JSON values. Where the certificate is behind the document, `whole` is the digest of both."""
    made = read_pdf(version, services, partial(services.sandbox.append_pages, ours=page))
    if isinstance(made, Unreadable):
        return {"appended": False, "reason": made.reason.value}
    if made.left_alone is not None:
        return {"appended": False, "reason": made.left_alone.value}
    whole = attach(made.pdf, to=version, catalog=services.catalog, blobs=services.blobs)
    return {"appended": True, "whole": whole, "pages": made.pages, "added": made.added, "compared": made.compared}
