"""The queues: how much waits in each, and whether somebody serves it."""
# ruff: noqa: PLC0415

import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from buffrsign.broker.overview import Counts, read_counts
from buffrsign.broker.records import State
from buffrsign.broker.results import JobFailed
from buffrsign.cli.connections import open_broker, open_producer
from buffrsign.cli.options import as_json, broker_url, key_secret, payload_keys
from buffrsign.cli.output import as_table, print_json, print_rows
from buffrsign.core.errors import Transient
from buffrsign.crypto import Cipher
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.producer import Handle, Producer

if TYPE_CHECKING:
    from redis import Redis

REDRAW_S = 1.0
EVENTS = ("enqueued", "done", "retried", "crashed", "dead", "cancelled")
"""What people see of the counters; --json has all of them."""


class Answer(msgspec.Struct, frozen=True):
    """What became of one canary. `answered_ms`, by the broker's clock, is from its enqueue to its end, or None."""

    queue: Queue
    answered_ms: int | None
    worker: str | None


class QueuesSilent(Transient):
    """At least one queue did not answer in time."""


@click.command()
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C; with --json, a line a second.")
@broker_url
@as_json
def queues(*, watch: bool, broker_url: str, as_json: bool) -> None:
    """Show how much waits in each queue, and what has happened there since this broker began.

    By queue: jobs that are ready, that wait for their tenant's turn (backlog), that a limit holds back (held), suspects
    (they run alone, since their worker died), and leased ones (with workers). Over all queues: scheduled and dead ones.
    """
    with open_broker(broker_url) as client:
        if watch:
            (_watch_as_lines if as_json else _watch)(client, _interruption())
        elif as_json:
            print_json(read_counts(client))
        else:
            click.echo(_picture(read_counts(client)))


@click.command()
@click.argument("names", metavar="[QUEUE]...", nargs=-1, type=click.Choice([queue.value for queue in Queue]))
@click.option("--timeout", type=click.FloatRange(min=0), default=5.0, show_default=True, metavar="SECONDS")
@broker_url
@key_secret
@payload_keys
@as_json
def ping(
    names: tuple[str, ...],
    *,
    timeout: float,
    broker_url: str,
    key_secret: str | None,
    payload_keys: Cipher | None,
    as_json: bool,
) -> None:
    """Ask queues whether they are served.

    Sends a canary through each QUEUE, or all six without one, and shows how soon and by whom it was answered.
    Exits with 1 if one was not answered in time; that canary is taken back.
    """
    asked = [Queue(name) for name in dict.fromkeys(names)] or list(Queue)
    with open_producer(broker_url, key_secret=key_secret, cipher=payload_keys) as producer:
        answers = _ask(producer, asked, timeout_s=timeout)
    if as_json:
        print_json(answers)
    else:
        print_rows(("queue", "answered in ms", "worker"), [msgspec.structs.astuple(answer) for answer in answers])
    silent = [answer.queue for answer in answers if answer.answered_ms is None]
    if silent:
        raise QueuesSilent(
            f"no answer within {timeout:g} s from {', '.join(silent)}; "
            f"start a worker (celery -A workers.app worker -Q {silent[0]}), or give a busy one a longer --timeout"
        )


def _interruption() -> threading.Event:
    """Set by Ctrl-C. An exception instead might come up where Python ignores it, as in a finaliser."""
    interrupted = threading.Event()
    signal.signal(signal.SIGINT, lambda _number, _frame: interrupted.set())
    return interrupted


def _watch(client: "Redis", interrupted: threading.Event) -> None:
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        while not interrupted.is_set():
            live.update(Text(_picture(read_counts(client))), refresh=True)
            interrupted.wait(REDRAW_S)


def _watch_as_lines(client: "Redis", interrupted: threading.Event) -> None:
    while not interrupted.is_set():
        print_json(read_counts(client))
        interrupted.wait(REDRAW_S)


def _picture(counts: Counts) -> str:
    columns = ("queue", "ready", "backlog", "held", "suspects", "leased", *EVENTS)
    rows = [
        (
            *(name, each.ready, each.backlog, each.held, each.suspects, each.leased),
            *(each.events.get(event, 0) for event in EVENTS),
        )
        for name, each in counts.queues.items()
    ]
    paused = [(name, each.paused_since) for name, each in counts.queues.items() if each.paused_since]
    stopped = f"\n\n{as_table(('paused queue', 'since'), paused)}" if paused else ""
    totals = as_table(("all queues", "jobs"), [("scheduled", counts.scheduled), ("dead letters", counts.dead)])
    return f"{as_table(columns, rows)}\n\n{totals}{stopped}"


def _ask(producer: Producer, asked: Iterable[Queue], *, timeout_s: float) -> list[Answer]:
    deadline = time.monotonic() + timeout_s
    handles = [(queue, producer.enqueue(Canary(ask=queue), keep_result=True)) for queue in asked]
    return [_answer(queue, handle, deadline=deadline) for queue, handle in handles]


def _answer(queue: Queue, handle: Handle, *, deadline: float) -> Answer:
    with suppress(TimeoutError, JobFailed):
        handle.result(timeout=max(0.0, deadline - time.monotonic()))
    handle.cancel()
    status = handle.status()
    if status is None or status.state is not State.DONE or status.ended_at is None:
        return Answer(queue, answered_ms=None, worker=None)
    return Answer(queue, (status.ended_at - status.enqueued_at) // timedelta(milliseconds=1), status.worker)
