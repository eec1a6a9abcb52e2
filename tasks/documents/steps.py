"""What the steps of a document share: they show progress, record what they found, and the last of them hands it on."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from buffrsign.documents import MAX_BYTES, Reason, Unreadable
from buffrsign.jobs import Job
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.state.document_status import Plan, Planned
from buffrsign.storage import DocumentState, Step, Version
from config.services import Services

Found = TypeVar("Found")

_CHECK = 3
PLAN: Plan = (
    Planned(Step.INSPECT, stage=1, share=40),
    Planned(Step.THUMBNAILS, stage=2, share=20),
    Planned(Step.FIELDS, stage=2, share=5),
    Planned(Step.ANALYSIS, stage=2, share=5),
    Planned("compliance", stage=_CHECK, share=30),
)
"""The steps on the way to `ready`, side by side within a stage. A further one is a line here."""

BEFORE_CHECK = frozenset(Step(planned.step) for planned in PLAN if planned.stage < _CHECK)
"""What must be known of a version before it is checked."""


def read_pdf(version: Version, services: Services, reader: Callable[[bytes], Found | Unreadable]) -> Found | Unreadable:
    """What the reader finds in the version's own bytes, or in the PDF that its inspection made of it.

    What is too large to be read does not even come into memory.
    """
    inspected = services.catalog.results(version.document_id, version.sha256).get(Step.INSPECT, {})
    made = inspected.get("pdf")
    if made is None and version.size_bytes > MAX_BYTES:
        return Unreadable.because(Reason.TOO_LARGE)
    return reader(services.blobs.get(str(made or version.sha256)))


def finish(version: Version, step: Step, found: dict[str, Any], services: Services) -> None:
    """Record the step; the one that completes the set asks for the check, by a job whose key makes repeats harmless."""
    finished = services.catalog.finish_step(version.document_id, version.sha256, step, found, of=BEFORE_CHECK)
    if finished.completed_set:
        services.producer.enqueue(
            Eta2019Check(document_id=version.document_id, sha256=version.sha256, stage=Stage.RECEIVED)
        )


def show_progress(version: Version, step: Step, percent: int, services: Services, *, pages: int | None = None) -> None:
    """Say how much of this step is done; 100 ends it. `pages` are said once, by whoever counts them.

    A document that is ready or held stays so while it is looked at again; an older version says nothing of it.
    """
    processing = DocumentState.PROCESSING
    unfinished = frozenset({DocumentState.RECEIVED, processing})
    if services.catalog.set_state(version.document_id, processing, found_in=version.sha256, only_from=unfinished):
        services.document_statuses.advance(
            version.document_id,
            state=processing.value,
            step=step.value,
            progress=percent,
            version=version.number,
            plan=PLAN,
            size_bytes=version.size_bytes,
            pages=pages,
        )


def hold(version: Version, reason: str, services: Services) -> None:
    """Let a person look at the document; an older version than the latest changes nothing."""
    if services.catalog.set_state(version.document_id, DocumentState.HELD, reason, found_in=version.sha256):
        services.document_statuses.publish(
            version.document_id,
            state=DocumentState.HELD.value,
            step=Step.INSPECT.value,
            progress=100,
            reason=reason,
            version=version.number,
        )


def say_done(version: Version, step: Step, services: Services) -> None:
    """Tell watchers of a step beside the way to `ready`, which changes no state: 100 percent of it is done.

    Only while the document is concluded, since on its way other steps tell how far it is; an older version says
    nothing.
    """
    document = services.catalog.document(version.document_id)
    is_latest = services.catalog.version(version.document_id).sha256 == version.sha256
    if is_latest and document.state in {DocumentState.READY, DocumentState.HELD}:
        services.document_statuses.publish(
            version.document_id,
            state=document.state.value,
            step=step.value,
            progress=100,
            reason=document.state_reason,
        )


def record(
    job: Job, action: str, version: Version, found: dict[str, Any], services: Services, *, kept: Collection[str]
) -> None:
    """Have the ledger remember it; a repeated job adds no second entry.

    `kept` names what of the finding goes there, where it is known: digests, counts and outcomes.
    """
    services.producer.enqueue(
        RecordEvent(
            entry_id=f"{job.job_id}:{action}",
            action=action,
            occurred_at=services.clock(),
            document_id=version.document_id,
            details={"sha256": version.sha256, **{name: found[name] for name in kept if name in found}},
        )
    )
