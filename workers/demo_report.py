"""What the demo leaves behind and shows at its end: files in its folder, the summary, and two tables."""

import json
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from buffrsign.broker.records import JobStatus, State, scan_statuses
from buffrsign.core.clock import from_epoch_ms
from buffrsign.ledger import Verified
from buffrsign.storage import Step
from config.periodic import PERIODIC
from config.services import Services
from workers.stack import Stack

EPOCH = from_epoch_ms(0)
_STYLES = {
    "done": "green",
    "dead": "red",
    "pass": "green",
    "fail": "red",
    "indeterminate": "yellow",
    "not_applicable": "dim",
}


def jobs_of_the_story(services: Services) -> list[JobStatus]:
    """Every job but the ticks of periodic work that are to come: beat publishes them ahead of their time."""
    periodic = {each.tick_job(EPOCH).kind for each in PERIODIC}
    jobs = scan_statuses(services.broker)
    return [job for job in jobs if not (job.state is State.SCHEDULED and job.kind in periodic)]


def write_summary(folder: Path, *, document_id: str, stack: Stack) -> dict[str, Any]:
    """Write pictures, report, audit trail and `summary.json` into the folder; the summary."""
    services = stack.services
    version = services.catalog.version(document_id)
    results = services.catalog.results(document_id, version.sha256)
    jobs = jobs_of_the_story(services)
    verified = services.ledger.verify()
    compliance = _write_report(folder, results.get(Step.COMPLIANCE_RECEIVED), services)
    summary = {
        "ok": bool(compliance) and isinstance(verified, Verified) and all(job.state is State.DONE for job in jobs),
        "document": {
            "sha256": version.sha256,
            "pages": results.get(Step.INSPECT, {}).get("pages"),
            "state": services.catalog.document(document_id).state.value,
        },
        "jobs": [_job(job) for job in jobs],
        "emails": sorted(str(path) for path in stack.mail_folder.glob("*.eml")),
        "thumbnails": _write_thumbnails(folder, results.get(Step.THUMBNAILS), services),
        "compliance": compliance,
        "audit": {"entries": _write_audit_trail(folder, services), "verified": isinstance(verified, Verified)},
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def print_findings(console: Console, summary: dict[str, Any]) -> None:
    """The compliance findings: what was checked and what came of it."""
    table = Table("check", "section", "about", "outcome", "reason", title="\nElectronic Transactions Act 4 of 2019")
    for finding in summary["compliance"].get("findings", []):
        outcome = finding["outcome"]
        table.add_row(
            finding["check_id"], finding["section"], finding["title"], _styled(outcome), finding["reason"] or ""
        )
    console.print(table)
    console.print("[dim]evidence against the provisions as loaded; no legal advice, no certificate of compliance[/]")


def print_jobs(console: Console, jobs: list[JobStatus]) -> None:
    """Every job: where it ran, how long it waited and ran, and what came of it."""
    table = Table(title="\njobs")
    table.add_column("job", no_wrap=True)
    table.add_column("queue")
    table.add_column("waited", justify="right")
    table.add_column("ran", justify="right")
    table.add_column("state")
    table.add_column("outcome", overflow="fold")
    for job in jobs:
        waited, ran = (f"{ms} ms" if ms is not None else "" for ms in (job.waited_ms, job.ran_ms))
        table.add_row(job.kind, job.queue, waited, ran, _styled(job.state.value), job.outcome or job.error or "")
    console.print(table)


def _job(job: JobStatus) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "queue": job.queue,
        "state": job.state.value,
        "waited_ms": job.waited_ms,
        "ran_ms": job.ran_ms,
        "attempts": job.attempts,
        "outcome": job.outcome,
    }


def _write_report(folder: Path, result: dict[str, Any] | None, services: Services) -> dict[str, Any]:
    if result is None:
        return {}
    report: dict[str, Any] = json.loads(services.blobs.get(result["report"]))
    (folder / "compliance-report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / "compliance-report.md").write_bytes(services.blobs.get(result["report_text"]))
    return report


def _write_thumbnails(folder: Path, result: dict[str, Any] | None, services: Services) -> list[str]:
    if result is None or not result["rendered"]:
        return []
    path = folder / "thumbnails" / "page-1.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(services.blobs.get(result["thumbnail"]))
    return [str(path)]


def _write_audit_trail(folder: Path, services: Services) -> int:
    """One JSON object a line, in the ledger's order; how many."""
    written = 0
    with (folder / "audit-trail.jsonl").open("wb") as file:
        while entries := services.ledger.entries(after=written):
            for stored in entries:
                file.write(msgspec.json.encode(stored) + b"\n")
            written += len(entries)
    return written


def _styled(word: str) -> str:
    return f"[{_STYLES.get(word, 'default')}]{word}[/]"
