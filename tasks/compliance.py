"""How a document is checked against the Electronic Transactions Act: evidence in, a report out, kept as a blob."""

from typing import Any

from buffrsign.compliance import Evidence, Report, check
from buffrsign.core.canonical_json import canonical_bytes
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.storage import DocumentState, Step, Version, attach
from config.services import Services
from tasks.base import Done, task


@task(Eta2019Check, attempts=5, light=True)
def check_eta_2019(job: Eta2019Check, services: Services) -> Done:
    """Check the evidence that is there, and say of each rule what it shows; what is missing never passes."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    report = check(services.policy, _evidence(version, services), checked_at=services.clock())
    kept = _keep(report, version, services)
    counts = dict(report.counts)
    if job.stage is Stage.RECEIVED:
        _conclude(version, report, kept, services)
    services.producer.enqueue(
        RecordEvent(
            entry_id=f"{job.job_id}:checked",
            action="compliance.checked",
            occurred_at=services.clock(),
            document_id=version.document_id,
            actor=job.requested_by,
            details={"sha256": version.sha256, "stage": job.stage.value, **kept, **counts},
        )
    )
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return Done(said, {**kept, "counts": counts})


def _evidence(version: Version, services: Services) -> Evidence:
    """What was collected on the way here. A step that has not run leaves its keys uncollected."""
    results = services.catalog.results(version.document_id, version.sha256)
    collected: dict[str, Any] = {"pdf.sha256": version.sha256, "ret.readback_ok_at": _read_back(version, services)}
    if (inspected := results.get(Step.INSPECT)) is not None:
        collected["pdf.parse_ok"] = inspected["readable"]
        if inspected["readable"]:
            collected["pdf.encrypted"] = inspected["encrypted"]
            collected["pdf.text_extractable"] = inspected["text_extractable"]
            if inspected["claims"] is not None:
                collected["claims.accreditation"] = inspected["claims"]
        elif inspected["reason"] == "encrypted":
            collected["pdf.encrypted"] = True
    if (rendered := results.get(Step.THUMBNAILS)) is not None:
        collected["pdf.render_ok"] = rendered["rendered"]
    return Evidence(collected)


def _read_back(version: Version, services: Services) -> Any:
    """Read the stored copy and compare its digest: `get` raises when they differ."""
    services.blobs.get(version.sha256)
    return services.clock()


def _keep(report: Report, version: Version, services: Services) -> dict[str, str]:
    """Store the report for programs and for people; the digests by which to find them."""
    forms = {"report": canonical_bytes(report.to_json()), "report_text": report.to_markdown().encode()}
    return {
        name: attach(form, to=version, catalog=services.catalog, blobs=services.blobs) for name, form in forms.items()
    }


def _conclude(version: Version, report: Report, kept: dict[str, str], services: Services) -> None:
    """The check that follows the reception decides whether the document is ready or held, if no newer version came."""
    services.catalog.finish_step(
        version.document_id,
        version.sha256,
        Step.COMPLIANCE_RECEIVED,
        {**kept, "counts": dict(report.counts)},
        of=frozenset({Step.COMPLIANCE_RECEIVED}),
    )
    failed = [finding.check_id for finding in report.findings if finding.outcome == "fail"]
    state = DocumentState.HELD if failed else DocumentState.READY
    reason = f"failed: {', '.join(failed)}" if failed else ""
    if services.catalog.set_state(version.document_id, state, reason, found_in=version.sha256):
        services.document_statuses.publish(
            version.document_id,
            state=state.value,
            step="compliance",
            progress=100,
            reason=reason,
            version=version.number,
        )
