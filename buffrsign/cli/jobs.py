"""One job: enqueue it, ask how it is, take it back."""

import sys
from datetime import datetime, timedelta
from typing import Any

import click
import msgspec

from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.records import JobStatus, read_status
from buffrsign.cli.connections import open_broker, open_producer
from buffrsign.cli.options import as_json, broker_url, duration, key_secret, moment
from buffrsign.cli.output import report
from buffrsign.core.errors import Permanent
from buffrsign.core.ids import new_ulid
from buffrsign.jobs import CONTRACTS, decode


class JobUnknown(Permanent):
    """The broker knows no such job."""

    def __init__(self, job_id: str) -> None:
        hours = ENDED_TTL // timedelta(hours=1)
        super().__init__(
            f"this broker knows no job {job_id}; check it and --broker-url; ended jobs are forgotten after {hours} h"
        )
        self.job_id = job_id


class NotWaiting(Permanent):
    """The job cannot be taken back any more."""


@click.command()
@click.argument("job_id")
@broker_url
@as_json
def status(job_id: str, *, broker_url: str, as_json: bool) -> None:
    """Show what the broker knows of one job."""
    with open_broker(broker_url) as client:
        found = read_status(client, job_id)
    if found is None:
        raise JobUnknown(job_id)
    report(found if as_json else _facts(found), as_json=as_json)


@click.command(epilog=f"Kinds: {', '.join(sorted(CONTRACTS))}.")
@click.argument("kind")
@click.argument("payload", metavar="JSON")
@click.option("--delay", type=duration, help="Start it after this long: 250ms, 5s, 10m, 2h, 3d.")
@click.option("--at", type=moment, help="Start it at this time: 2026-11-23T08:00:00+02:00.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Keep its result, wait for it, print it.")
@broker_url
@key_secret
@as_json
def enqueue(
    kind: str,
    *,
    payload: str,
    delay: timedelta | None,
    at: datetime | None,
    wait: float | None,
    broker_url: str,
    key_secret: str | None,
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
    with open_producer(broker_url, key_secret=key_secret) as producer:
        handle = producer.enqueue(job, delay=delay, at=at, keep_result=wait is not None)
        accepted: dict[str, Any] = {
            "job_id": handle.job_id,
            "kind": job.kind,
            "queue": job.destination,
            "duplicate": handle.duplicate,
        }
        if wait is not None:
            accepted["result"] = handle.result(timeout=wait)
    report(accepted, as_json=as_json)


@click.command()
@click.argument("job_id")
@broker_url
@key_secret
@as_json
def cancel(job_id: str, *, broker_url: str, key_secret: str | None, as_json: bool) -> None:
    """Take back one job that has not started."""
    with open_producer(broker_url, key_secret=key_secret) as producer:
        cancelled = producer.cancel(job_id)
        found = producer.status(job_id)
    if found is None:
        raise JobUnknown(job_id)
    if not cancelled:
        raise NotWaiting(f"job {job_id} was not taken back, because it is {found.state.value}")
    report({"job_id": job_id, "state": found.state}, as_json=as_json)


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
        "attempts": found.attempts,
        "enqueued": found.enqueued_at,
        "due": found.due_at,
        "waited": _in_ms(found.waited_ms),
        "ran": _in_ms(found.ran_ms),
        "ended": found.ended_at,
        "worker": found.worker,
        "outcome": found.outcome,
        "error": found.error,
    }


def _in_ms(ms: int | None) -> str | None:
    return None if ms is None else f"{ms:,} ms"
