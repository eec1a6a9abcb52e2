"""The outbox's relay: it publishes the jobs of committed transactions, and looks after them until they have ended.

    python -m buffrsign.outbox_relay --database-url postgresql+psycopg://…

Any number may run. A relay claims rows by compare-and-set (on PostgreSQL it skips those that another is claiming),
publishes them in the order of their numbers, each under its own job id, and marks them after the broker's answer. It
may be killed at any instruction: its claim runs out, and publishing again changes nothing. One relay keeps the order;
of several, each keeps it within what it claimed.
"""

import os
import signal
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from threading import Event
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine, Row, bindparam, create_engine, delete, or_, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError

from buffrsign.broker.bulk import Answer, BulkInterrupted, Enqueued
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.records import JobStatus
from buffrsign.core.clock import Clock, to_epoch_ms, utc_now
from buffrsign.core.errors import NotYet, Permanent, Transient
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger
from buffrsign.crypto import Cipher
from buffrsign.jobs import Job, decode
from buffrsign.outbox import SaidTerms, rows
from buffrsign.producer import Producer

CLAIMED_AT_ONCE = 256
LOOKED_AT_ONCE = 500
CLAIM = timedelta(minutes=1)
"""How long a relay that died keeps its rows from the others."""

POLL = timedelta(milliseconds=500)
RECONCILE_EVERY = timedelta(minutes=10)
RECONCILE_AFTER = timedelta(hours=1)
KEEP_CLOSED = timedelta(days=7)

log = get_logger(__name__)


class OutboxUnavailable(Transient):
    """The outbox's database did not do what it was asked: it is locked, full, or away."""


@dataclass(frozen=True)
class Relayed:
    """What one round did. `refused` rows are closed, with the reason: a person must look."""

    created: int = 0
    duplicate: int = 0
    refused: int = 0

    def __add__(self, other: "Relayed") -> "Relayed":
        return Relayed(self.created + other.created, self.duplicate + other.duplicate, self.refused + other.refused)

    def __bool__(self) -> bool:
        return self != Relayed()


@dataclass(frozen=True)
class Reconciled:
    """What became of rows that were open: their jobs have ended, are alive, are to be published again, or who knows."""

    ended: int = 0
    alive: int = 0
    republished: int = 0
    doubtful: int = 0


class _Waiting(NamedTuple):
    number: int
    job: Job


class Relay:
    """Publishes one database's outbox to one broker."""

    def __init__(self, engine: Engine, producer: Producer, *, claim: timedelta = CLAIM, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._producer = producer
        self._claim_ms = claim // timedelta(milliseconds=1)
        self._clock = clock

    def relay(self) -> Relayed:
        """Publish the first rows that wait and are not claimed, at most 256, and mark what the broker answered.

        Raises:
            BrokerUnavailable: it took a part at most; the rest waits for the next round.
            OutboxUnavailable: the database did not answer; what was published meanwhile is published again, which
                changes nothing.
        """
        claim = new_ulid()
        with _away_is_transient():
            claimed = self._claimed(claim)
            if not claimed:
                return Relayed()
            try:
                return self._publish(claim, claimed)
            finally:
                self._release(claim)

    def reconcile(self, *, after: timedelta = RECONCILE_AFTER) -> Reconciled:
        """Look after the jobs that were published longer ago than `after`, and have no end yet that is known here.

        A job that the broker lost is published again. A broker forgets an ended job after a day, so whoever looks less
        often than that cannot tell: such a row is *doubtful*, it is closed, and nothing is published.

        Raises:
            BrokerUnavailable, OutboxUnavailable: as `relay`; a later call goes on.
        """
        found: Counter[str] = Counter()
        with _away_is_transient():
            for batch in self._open(self._now_ms() - after // timedelta(milliseconds=1)):
                found.update(self._look_after(batch))
        return Reconciled(**found)

    def forget(self, *, after: timedelta = KEEP_CLOSED) -> int:
        """Delete the rows that were closed longer ago than `after`; how many."""
        before = self._now_ms() - after // timedelta(milliseconds=1)
        with _away_is_transient(), self._engine.begin() as connection:
            return int(connection.execute(delete(rows).where(rows.c.closed_at < before)).rowcount)

    def run(self, stop: Event, *, poll: timedelta = POLL) -> None:
        """Relay, reconcile and forget until `stop` is set. Whoever is away is asked again."""
        next_tidying = 0.0
        while not stop.is_set():
            try:
                relayed = self.relay()
                if relayed:
                    log.info("outbox relayed", created=relayed.created, duplicate=relayed.duplicate)
                    continue
                if time.monotonic() >= next_tidying:
                    next_tidying = time.monotonic() + RECONCILE_EVERY.total_seconds()
                    self._tidy()
            except Transient as error:
                log.warning("the outbox could not be relayed", reason=str(error))
            stop.wait(poll.total_seconds())

    def _tidy(self) -> None:
        found = self.reconcile()
        if found.republished or found.doubtful:
            log.warning("jobs of the outbox were lost", republished=found.republished, doubtful=found.doubtful)
        self.forget()

    def _claimed(self, claim: str) -> Sequence[Row[Any]]:
        now = self._now_ms()
        is_free = (
            rows.c.sent_at.is_(None),
            rows.c.closed_at.is_(None),
            or_(rows.c.claimed_until.is_(None), rows.c.claimed_until <= now),
        )
        # Named, and so run once: PostgreSQL may run a plain subquery again for each row, and claim more than its limit.
        # SQLite has no SKIP LOCKED, and needs none, since one writes at a time.
        first = select(rows.c.number).where(*is_free).order_by(rows.c.number).limit(CLAIMED_AT_ONCE)
        free = first.with_for_update(skip_locked=True).cte("free")
        ours = update(rows).where(rows.c.number.in_(select(free.c.number)), *is_free)
        with self._engine.begin() as connection:
            connection.execute(ours.values(claim=claim, claimed_until=now + self._claim_ms))
            return connection.execute(select(rows).where(rows.c.claim == claim).order_by(rows.c.number)).all()

    def _publish(self, claim: str, claimed: Sequence[Row[Any]]) -> Relayed:
        total = Relayed()
        for terms, group in groupby(claimed, key=lambda row: row.terms):
            jobs: list[_Waiting] = []
            for row in group:
                try:
                    job = decode(row.kind, msgspec.json.decode(row.payload), job_id=row.job_id)
                except NotYet:
                    continue  # a newer release wrote it: a newer relay takes it
                except Permanent as error:
                    total += self._refuse(claim, row.number, error)
                else:
                    jobs.append(_Waiting(row.number, job))
            total += self._send(claim, jobs, msgspec.json.decode(terms, type=SaidTerms))
        return total

    def _send(self, claim: str, waiting: Sequence[_Waiting], said: SaidTerms) -> Relayed:
        try:
            enqueued = self._producer.enqueue_many([each.job for each in waiting], **said.as_terms())
        except BulkInterrupted as error:
            self._mark(claim, waiting, error.enqueued)
            raise
        except Permanent as error:
            if len(waiting) == 1:
                return self._refuse(claim, waiting[0].number, error)
            return sum((self._send(claim, [each], said) for each in waiting), start=Relayed())
        return self._mark(claim, waiting, enqueued)

    def _mark(self, claim: str, waiting: Sequence[_Waiting], enqueued: Enqueued) -> Relayed:
        now = self._now_ms()
        answered = [
            {"of": each.number, "standing": job_id}
            for each, job_id, answer in zip(waiting, enqueued.job_ids, enqueued.answers, strict=True)
            if answer is not Answer.UNKNOWN
        ]
        sent = update(rows).where(rows.c.number == bindparam("of"), rows.c.claim == claim)
        if answered:
            with self._engine.begin() as connection:
                connection.execute(sent.values(sent_at=now, seen_at=now, stands=bindparam("standing")), answered)
        return Relayed(created=len(enqueued.created), duplicate=len(enqueued.duplicate))

    def _refuse(self, claim: str, number: int, error: Permanent) -> Relayed:
        log.error("a job of the outbox was refused", number=number, reason=str(error))
        refused = update(rows).where(rows.c.number == number, rows.c.claim == claim)
        with self._engine.begin() as connection:
            connection.execute(refused.values(closed_at=self._now_ms(), closed_as=f"refused: {error}"))
        return Relayed(refused=1)

    def _release(self, claim: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(rows).where(rows.c.claim == claim).values(claim=None, claimed_until=None))

    def _open(self, before_ms: int) -> Iterator[Sequence[Row[Any]]]:
        last = 0
        while True:
            is_open = (rows.c.sent_at <= before_ms, rows.c.closed_at.is_(None), rows.c.number > last)
            with self._engine.connect() as connection:
                batch = connection.execute(
                    select(rows).where(*is_open).order_by(rows.c.number).limit(LOOKED_AT_ONCE)
                ).all()
            if not batch:
                return
            yield batch
            last = batch[-1].number

    def _look_after(self, batch: Sequence[Row[Any]]) -> Iterator[str]:
        now = self._now_ms()
        statuses = self._producer.statuses([row.stands for row in batch])
        with self._engine.begin() as connection:
            for row, status in zip(batch, statuses, strict=True):
                verdict, values = self._verdict(row, status, now)
                as_it_was = (rows.c.number == row.number, rows.c.sent_at == row.sent_at, rows.c.closed_at.is_(None))
                connection.execute(update(rows).where(*as_it_was).values(**values))
                yield verdict

    def _verdict(self, row: Row[Any], status: JobStatus | None, now: int) -> tuple[str, dict[str, Any]]:
        """What the broker's word means for a row: a field of `Reconciled`, and what to write."""
        if status is not None and status.state.is_final:
            return "ended", {"closed_at": now, "closed_as": status.state.value}
        if status is not None:
            return "alive", {"seen_at": now}
        if now - row.seen_at < _SURELY_REMEMBERED_MS:
            return "republished", {"sent_at": None, "stands": None, "claim": None, "claimed_until": None}
        return "doubtful", {"closed_at": now, "closed_as": "doubtful: the broker does not know it, or has forgotten it"}

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock())


_SURELY_REMEMBERED_MS = (ENDED_TTL - timedelta(hours=1)) // timedelta(milliseconds=1)
"""A job that was alive so short a time ago cannot have ended and been forgotten; the hour is for clocks that differ."""


@contextmanager
def _away_is_transient() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise OutboxUnavailable(
            f"the outbox's database did not answer ({type(error.orig).__name__}); the relay tries again"
        ) from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Relay until SIGTERM or Ctrl-C. The broker's address, key secret and payload keys are in the environment."""
    parser = ArgumentParser(prog="python -m buffrsign.outbox_relay", description="Publish the outbox of a database.")
    parser.add_argument("--database-url", required=True, help="where the outbox is, as SQLAlchemy spells it")
    parser.add_argument("--broker-url", default=os.environ.get("BUFFRSIGN_BROKER_URL"), help="or BUFFRSIGN_BROKER_URL")
    said = parser.parse_args(arguments)
    if not said.broker_url:
        parser.error("give --broker-url or BUFFRSIGN_BROKER_URL")
    payload_keys = os.environ.get("BUFFRSIGN_PAYLOAD_KEYS")
    try:
        producer = Producer(
            said.broker_url,
            key_secret=os.environ.get("BUFFRSIGN_JOB_KEY_SECRET"),
            cipher=Cipher.read(payload_keys) if payload_keys else None,
            allow_plain_payloads=os.environ.get("BUFFRSIGN_ALLOW_PLAIN_PAYLOADS") == "1",
        )
        engine = create_engine(said.database_url, pool_pre_ping=True, hide_parameters=True)
    except (Permanent, ArgumentError, ModuleNotFoundError) as error:
        parser.error(str(error))
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    Relay(engine, producer).run(stop)


if __name__ == "__main__":
    main()
