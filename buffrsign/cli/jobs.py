"""Jobs: enqueue one, list them, ask how one is, take it back, move it to another time."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import click
import msgspec

from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.overview import list_jobs
from buffrsign.broker.records import JobStatus, Progress, State, read_status
from buffrsign.cli.connections import open_broker, open_producer
from buffrsign.cli.export import export
from buffrsign.cli.options import allow_plain, as_json, broker_url, duration, key_secret, moment, payload_keys
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.errors import Permanent
from buffrsign.core.ids import new_ulid
from buffrsign.crypto import Cipher
from buffrsign.jobs import CONTRACTS, Queue, decode
from buffrsign.jobs.priority import Priority
from buffrsign.producer import Producer

_COLUMNS = ("job_id", "kind", "queue", "state", "attempts", "due_at", "error")
_delay = click.option("--delay", type=duration, help="Start it after this long: 250ms, 5s, 10m, 2h, 3d.")
_at = click.option("--at", type=moment, metavar="TIME", help="Start it at this time: 2026-11-23T08:00:00+02:00.")
_job_ids = click.argument("job_ids", metavar="JOB_ID...", nargs=-1, required=True)


class JobUnknown(Permanent):
    """The broker knows no such job."""


class NotWaiting(Permanent):
    """Some of the jobs that were named could not be moved or taken back any more."""


@click.group()
def jobs() -> None:
    """Look at jobs, enqueue them, take them back, or move them to another time."""


jobs.add_command(export)


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only those in this state.")
@click.option("--queue", type=click.Choice([queue.value for queue in Queue]), help="Only those of this queue.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@broker_url
@as_json
def list_(*, state: str | None, queue: str | None, limit: int, broker_url: str, as_json: bool) -> None:
    """List jobs: those that run, then those that are ready, scheduled, and ended.

    Ready ones are in the order in which they will be taken, scheduled ones in the order of their times, and ended ones
    from the latest.
    """
    with open_broker(broker_url) as client:
        found = list_jobs(
            client, state=State(state) if state else None, queue=Queue(queue) if queue else None, limit=limit
        )
    if as_json:
        print_json(found)
    else:
        print_rows(_COLUMNS, [[getattr(status, name) for name in _COLUMNS] for status in found])


@jobs.command()
@click.argument("job_id")
@broker_url
@as_json
def show(job_id: str, *, broker_url: str, as_json: bool) -> None:
    """Show what the broker knows of one job."""
    with open_broker(broker_url) as client:
        found = read_status(client, job_id)
    if found is None:
        raise JobUnknown(_unknown(job_id))
    report(found if as_json else _facts(found), as_json=as_json)


@jobs.command(epilog=f"Kinds: {', '.join(sorted(CONTRACTS))}.")
@click.argument("kind")
@click.argument("payload", metavar="JSON")
@_delay
@_at
@click.option("--tenant", default="", metavar="ID", help="The customer it is for: tenants take turns.")
@click.option(
    "--priority",
    type=click.Choice([each.name.lower() for each in Priority]),
    default="normal",
    show_default=True,
    help="Less urgent ones wait for the others.",
)
@click.option("--limited-by", default="", metavar="NAME", help="A limit that it is under, such as provider:gmail.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Keep its result, wait for it, print it.")
@broker_url
@key_secret
@payload_keys
@allow_plain
@as_json
def enqueue(
    kind: str,
    *,
    payload: str,
    delay: timedelta | None,
    at: datetime | None,
    tenant: str,
    priority: str,
    limited_by: str,
    wait: float | None,
    broker_url: str,
    key_secret: str | None,
    payload_keys: Cipher | None,
    allow_plain_payloads: bool,
    as_json: bool,
) -> None:
    """Enqueue one job.

    KIND says what is asked, and JSON is its payload, or - to read it from standard input.

    Personal data is better read from standard input: a command line is seen by others, and shells remember it.
    A duplicate of a job that the broker holds changes nothing, and the job that stands is printed.
    """
    if delay is not None and at is not None:
        raise click.UsageError("give --delay or --at, not both")
    job = decode(kind, _json_in(payload), job_id=new_ulid())
    with open_producer(
        broker_url, key_secret=key_secret, cipher=payload_keys, allow_plain_payloads=allow_plain_payloads
    ) as producer:
        handle = producer.enqueue(
            job,
            delay=delay,
            at=at,
            keep_result=wait is not None,
            tenant=tenant,
            priority=Priority[priority.upper()],
            limited_by=limited_by,
        )
        accepted: dict[str, Any] = {
            "job_id": handle.job_id,
            "kind": job.kind,
            "queue": job.destination,
            "duplicate": handle.duplicate,
        }
        if wait is not None:
            accepted["result"] = handle.result(timeout=wait)
    report(accepted, as_json=as_json)


@jobs.command()
@_job_ids
@click.option("--running", is_flag=True, help="Ask those that run to stop.")
@broker_url
@key_secret
@as_json
def cancel(job_ids: Sequence[str], *, running: bool, broker_url: str, key_secret: str | None, as_json: bool) -> None:
    """Take back jobs that have not started; with --running, also stop those that have.

    A job that runs stops where it reports progress; a worker with child processes ends it in any case, some seconds
    later.
    """
    with open_producer(broker_url, key_secret=key_secret) as producer:
        _each(job_ids, lambda job_id: producer.cancel(job_id, running=running), producer, "taken back", as_json)


@jobs.command()
@_job_ids
@_delay
@_at
@broker_url
@key_secret
@as_json
def reschedule(
    job_ids: Sequence[str],
    *,
    delay: timedelta | None,
    at: datetime | None,
    broker_url: str,
    key_secret: str | None,
    as_json: bool,
) -> None:
    """Move jobs that wait for their time to another."""
    if (delay is None) == (at is None):
        raise click.UsageError("give --delay or --at, and not both")
    with open_producer(broker_url, key_secret=key_secret) as producer:
        _each(job_ids, lambda job_id: producer.reschedule(job_id, delay=delay, at=at), producer, "moved", as_json)


@jobs.command("run-now")
@_job_ids
@broker_url
@key_secret
@as_json
def run_now(job_ids: Sequence[str], *, broker_url: str, key_secret: str | None, as_json: bool) -> None:
    """Start jobs that wait for their time as soon as a worker is free."""
    with open_producer(broker_url, key_secret=key_secret) as producer:
        _each(job_ids, producer.run_now, producer, "moved", as_json)


def _each(job_ids: Sequence[str], move: Callable[[str], bool], producer: Producer, moved: str, as_json: bool) -> None:
    """Do it to each job, show those that it was done to, and say of the others why it was not."""
    done: list[dict[str, Any]] = []
    refused = []
    for job_id in dict.fromkeys(job_ids):
        happened, found = move(job_id), producer.status(job_id)
        if found is None:
            refused.append(_unknown(job_id))
        elif happened:
            done.append({"job_id": job_id, **_where(found)})
        else:
            refused.append(f"job {job_id} was not {moved}, because it is {found.state.value}")
    if as_json:
        print_json(done)
    elif done:
        print_rows(tuple(done[0]), [tuple(each.values()) for each in done])
    if refused:
        raise NotWaiting("\n".join(refused))


def _where(found: JobStatus) -> dict[str, object]:
    return {"state": found.state, "due_at": found.due_at, "stop_asked": found.stop_asked}


def _unknown(job_id: str) -> str:
    hours = ENDED_TTL // timedelta(hours=1)
    return f"this broker knows no job {job_id}; check it and --broker-url; ended jobs are forgotten after {hours} h"


def _json_in(payload: str) -> object:
    text = sys.stdin.buffer.read() if payload == "-" else payload
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise click.BadParameter(reason, param_hint="JSON") from error


def _facts(found: JobStatus) -> dict[str, object]:
    return {
        "job": found.job_id,
        "kind": found.kind,
        "queue": found.queue,
        "state": found.state,
        "stopping": found.stop_asked or None,
        "attempts": found.attempts,
        "crashes": found.crashes or None,
        "enqueued": found.enqueued_at,
        "due": found.due_at,
        "waited": _in_ms(found.waited_ms),
        "ran": _in_ms(found.ran_ms),
        "ended": found.ended_at,
        "worker": found.worker,
        "progress": found.progress and _so_far(found.progress),
        "outcome": found.outcome,
        "error": found.error,
    }


def _so_far(progress: Progress) -> str:
    of_all = "" if progress.total is None else f" of {progress.total:,}"
    return f"{progress.done:,}{of_all} {progress.note}".rstrip()


def _in_ms(ms: int | None) -> str | None:
    return None if ms is None else f"{ms:,} ms"
