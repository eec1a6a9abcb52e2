"""Which pool suits which family, by its real jobs: `python -m benchmarks.pools`.

For each family and pool: a new broker, database and mail catcher, jobs that wait, and then one worker of that family.
What counts is the time from the first job's start to the last one's end, by the broker's clock, and what memory all
processes of the worker have then. Two processes, or four threads; pools take turns, and the median of the runs counts.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from buffrsign.broker.records import JobStatus, State
from buffrsign.core.ids import new_ulid
from buffrsign.jobs import Job, Queue, decode
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check
from buffrsign.jobs.documents import InspectDocument, RenderThumbnails
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.requests import OpenRequest
from buffrsign.storage import take_in
from config.services import Services
from config.settings import load
from workers.embedded_broker import EmbeddedBroker
from workers.processes import ROOT, Processes, Program
from workers.sample_agreement import make_sample_agreement
from workers.stack import start_mail_catcher, wait_until

GOLDEN = ROOT / "tests" / "golden"
OUTPUT = ROOT / "var" / "bench" / "pools.json"
LONGEST_S = 240.0

_CELERY = ("python", "-m", "workers.worker", "workers.app", "--without-mingle", "--without-gossip", "-n", "worker@%h")
POOLS = {
    "prefork, 2 children": lambda queue: [*_CELERY, "-Q", queue, "--concurrency", "2"],
    "2 × solo": lambda queue: ["python", "-m", "workers.processes_of", queue, "-c", "2"],
    "4 threads": lambda queue: [*_CELERY, "-Q", queue, "--pool", "threads", "--concurrency", "4"],
}


@dataclass(frozen=True)
class Load:
    """Jobs of one family. `job` makes one, and what it needs."""

    name: str
    queue: Queue
    jobs: int
    job: Callable[[Services], Job]


@dataclass(frozen=True)
class Pace:
    """How one family went in one pool: the median of its runs."""

    family: str
    pool: str
    jobs: int
    jobs_per_s: float
    memory_mib: float


def _golden(contract: type[Job], **changes: Any) -> Job:
    path = GOLDEN / f"{contract.kind}.v{contract.version}.json"
    payload = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    return decode(contract.kind, {**payload, **changes}, job_id=new_ulid())


def _stored(services: Services) -> dict[str, Any]:
    """A document of its own, and what names it."""
    document_id = f"doc_{new_ulid()}"
    version = take_in(_AGREEMENT, document_id=document_id, title="x", catalog=services.catalog, blobs=services.blobs)
    return {"document_id": document_id, "sha256": version.sha256}


_AGREEMENT = make_sample_agreement()
LOADS = (
    Load("audit.record_event", Queue.AUDIT, 2000, lambda _: _golden(RecordEvent, entry_id=new_ulid())),
    Load("requests.open", Queue.REQUESTS, 500, lambda _: _golden(OpenRequest, document_id=f"doc_{new_ulid()}")),
    Load(
        "email.signature_request",
        Queue.EMAIL,
        400,
        lambda _: _golden(SignatureRequestEmail, document_id=f"doc_{new_ulid()}"),
    ),
    Load("documents.inspect", Queue.DOCUMENTS, 100, lambda services: InspectDocument(**_stored(services))),
    Load("documents.render_thumbnails", Queue.DOCUMENTS, 60, lambda services: RenderThumbnails(**_stored(services))),
    Load(
        "compliance.eta_2019_check",
        Queue.COMPLIANCE,
        200,
        lambda services: _golden(Eta2019Check, **_stored(services)),
    ),
    Load("maintenance.canary", Queue.MAINTENANCE, 4000, lambda _: Canary()),
)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table, and write `var/bench/pools.json`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default %(default)s)")
    parser.add_argument("--only", default="", help="jobs, with commas: " + ",".join(load.name for load in LOADS))
    parser.add_argument("--part", type=float, default=1.0, help="this part of the jobs (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    names = {name for name in given.only.split(",") if name}
    if unknown := names - {load.name for load in LOADS}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    paces = _measure([load for load in LOADS if not names or load.name in names], runs=given.runs, part=given.part)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(pace) for pace in paces], indent=2) + "\n", encoding="utf-8")
    if given.json:
        sys.stdout.write(OUTPUT.read_text(encoding="utf-8"))
    else:
        _print(paces)


def _measure(loads: Iterable[Load], *, runs: int, part: float) -> list[Pace]:
    todo = [(load, pool) for load in loads for _ in range(runs) for pool in POOLS]
    found: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(todo))
        for load, pool in todo:
            progress.update(bar, description=f"{load.name}: {pool}")
            found.setdefault((load.name, pool), []).append(_run(load, pool, jobs=max(10, int(load.jobs * part))))
            progress.advance(bar)
    return [
        Pace(
            family,
            pool,
            each[0][0],
            round(median(pace for _, pace, _ in each), 1),
            round(median(memory for *_, memory in each), 1),
        )
        for (family, pool), each in found.items()
    ]


def _run(load_: Load, pool: str, *, jobs: int) -> tuple[int, float, float]:
    """Jobs, jobs a second, and MiB."""
    with tempfile.TemporaryDirectory() as name, Processes(Path(name) / "log") as processes:
        folder = Path(name)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("BUFFRSIGN_", "REDIS_"))}
        server = EmbeddedBroker(processes, folder=folder / "broker", env=env)
        server.start()
        env |= {
            **server.addresses(),
            "BUFFRSIGN_LOG_LEVEL": "WARNING",
            "BUFFRSIGN_DATABASE_URL": f"sqlite:///{folder}/buffrsign.db",
            "BUFFRSIGN_BLOB_FOLDER": f"{folder}/blobs",
        }
        env["BUFFRSIGN_SMTP_PORT"] = str(start_mail_catcher(processes, folder / "emails", env))
        services = Services(load(env))
        services.database  # noqa: B018 - made and migrated before the worker asks for it
        ids = services.producer.enqueue_many([load_.job(services) for _ in range(jobs)]).job_ids
        worker = processes.start("worker", POOLS[pool](load_.queue.value), env=env)
        wait_until(
            lambda: not services.producer.status(ids[-1]) or _all_ended(services, ids),
            processes,
            what=f"{jobs} jobs",
            timeout_s=LONGEST_S,
        )
        memory_mib = _memory_kib(worker) / 1024
        statuses = [status for status in services.producer.statuses(ids) if status]
        services.producer.close()
    return jobs, len(statuses) / _seconds(statuses), memory_mib


def _all_ended(services: Services, ids: Iterable[str]) -> bool:
    statuses = services.producer.statuses(list(ids))
    dead = next((status for status in statuses if status and status.state is State.DEAD), None)
    if dead:
        sys.exit(f"{dead.kind} became a dead letter: {dead.error}")
    return all(status is not None and status.state.is_final for status in statuses)


def _seconds(statuses: list[JobStatus]) -> float:
    started = min(status.started_at for status in statuses if status.started_at)
    ended = max(status.ended_at for status in statuses if status.ended_at)
    return (ended - started).total_seconds()


def _memory_kib(worker: Program) -> int:
    """What all processes of its group keep in memory for themselves (Linux: `Pss`, shared pages counted in parts)."""
    total = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == worker.process.pid:
                rollup = (entry / "smaps_rollup").read_text(encoding="ascii")
                total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            continue
    return total


def _print(paces: list[Pace]) -> None:
    table = Table("job", "pool", "jobs", "jobs /s", "MiB")
    for pace in paces:
        table.add_row(pace.family, pace.pool, f"{pace.jobs:,}", f"{pace.jobs_per_s:,.1f}", f"{pace.memory_mib:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
