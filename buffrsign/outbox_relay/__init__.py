"""The outbox's relay: it publishes the jobs of committed transactions, and looks after them until they have ended.

    python -m buffrsign.outbox_relay --database-url postgresql+psycopg://…

Any number may run. A relay claims rows by compare-and-set (on PostgreSQL it skips those that another is claiming),
publishes them in the order of their numbers, each under its own job id, and marks them after the broker's answer. It
may be killed at any instruction: its claim runs out, and publishing again changes nothing. One relay keeps the order;
of several, each keeps it within what it claimed. A row that cannot be published keeps no other back: it is closed with
its reason, or put off where a key, a newer release or room in its queue may come.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from threading import Event
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine, Row, bindparam, delete, or_, select, update
from sqlalchemy.exc import DBAPIError

from buffrsign.broker.bulk import Answer, BulkInterrupted, Enqueued
from buffrsign.broker.enqueueing import KeySecretRefused
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.records import JobStatus, State
from buffrsign.broker.terms import BulkTerms, QueueFull
from buffrsign.core.clock import Clock, to_epoch_ms, utc_now
from buffrsign.core.errors import NotYet, Permanent, Transient
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger
from buffrsign.crypto import Cipher, PayloadUnreadable
from buffrsign.jobs import CONTRACTS, Job, KindUnknown, Queue, decode
from buffrsign.outbox import DOUBTFUL, REFUSED, SaidTerms, read_payload, rows
from buffrsign.producer import Producer

CLAIMED_AT_ONCE = 256
LOOKED_AT_ONCE = 500
CLAIM = timedelta(minutes=1)
"""How long a relay that died keeps its rows from the others."""

PUT_OFF = timedelta(minutes=1)
"""How long a row waits that may be publishable later: its key is missing, or a newer release wrote it."""

UNKNOWN_KIND_PATIENCE = timedelta(hours=1)
FULL_PAUSE = timedelta(seconds=5)
POLL = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(seconds=30)
"""Between rounds while the broker or the database is away; the pause doubles up to it."""

RECONCILE_EVERY = timedelta(minutes=10)
RECONCILE_AFTER = timedelta(hours=1)
KEEP_CLOSED = timedelta(days=7)

log = get_logger(__name__)


class OutboxUnavailable(Transient):
    """The outbox's database did not do what it was asked: it is locked, full, or away."""


class RowUnreadable(Permanent):
    """A row of the outbox is not as an `Outbox` writes it."""


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


class _Away(NamedTuple):
    """Why a row is not published now, though it may be later."""

    why: str


class Relay:
    """Publishes one database's outbox to one broker."""

    def __init__(
        self,
        engine: Engine,
        producer: Producer,
        *,
        cipher: Cipher | None = None,
        claim: timedelta = CLAIM,
        clock: Clock = utc_now,
    ) -> None:
        """`cipher` opens the payloads that an `Outbox` with one has sealed; what is published, the producer's seals."""
        self._engine = engine
        self._producer = producer
        self._cipher = cipher
        self._full_until_ms: dict[Queue, int] = {}
        self._claim_ms = claim // timedelta(milliseconds=1)
        self._clock = clock

    def relay(self) -> Relayed:
        """Publish the first rows that wait and are not claimed, at most 256, and mark what the broker answered.

        A queue that is full is left alone for some seconds, and others go on.

        Raises:
            BrokerUnavailable: it took a part at most; the rest waits for the next round.
            KeySecretRefused: the producer's key secret is another's; the rows wait for a relay that has the right one.
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
        """Delete the rows whose jobs have ended, and were closed longer ago than `after`; how many.

        Refused and doubtful rows stay until a person has decided.
        """
        before = self._now_ms() - after // timedelta(milliseconds=1)
        over = (rows.c.closed_at < before, rows.c.closed_as.in_([state.value for state in State if state.is_final]))
        with _away_is_transient(), self._engine.begin() as connection:
            return int(connection.execute(delete(rows).where(*over)).rowcount)

    def run(self, stop: Event, *, poll: timedelta = POLL) -> None:
        """Relay, reconcile and forget until `stop` is set. Whoever is away is asked again, less and less often.

        Raises:
            KeySecretRefused: see `relay`.
        """
        next_tidying, pause = 0.0, poll
        while not stop.is_set():
            try:
                relayed = self.relay()
                pause = poll
                if relayed:
                    log.info("outbox relayed", created=relayed.created, duplicate=relayed.duplicate)
                    continue
                if time.monotonic() >= next_tidying:
                    self._tidy()
                    next_tidying = time.monotonic() + RECONCILE_EVERY.total_seconds()
            except Transient as error:
                log.warning("the outbox could not be relayed", reason=str(error), pause_s=pause.total_seconds())
                stop.wait(pause.total_seconds())
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
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
            rows.c.kind.not_in(self._kinds_of_full_queues(now)),
        )
        # Named, and so run once: PostgreSQL may run a plain subquery again for each row, and claim more than its limit.
        # SQLite has no SKIP LOCKED, and needs none, since one writes at a time.
        first = select(rows.c.number).where(*is_free).order_by(rows.c.number).limit(CLAIMED_AT_ONCE)
        free = first.with_for_update(skip_locked=True).cte("free")
        ours = update(rows).where(rows.c.number.in_(select(free.c.number)), *is_free)
        with self._engine.begin() as connection:
            connection.execute(ours.values(claim=claim, claimed_until=now + self._claim_ms))
            return connection.execute(select(rows).where(rows.c.claim == claim).order_by(rows.c.number)).all()

    def _kinds_of_full_queues(self, now: int) -> list[str]:
        """Rows of these are left where they are, so that they keep their order."""
        full = {queue for queue, until_ms in self._full_until_ms.items() if now < until_ms}
        return [kind for kind, contract in CONTRACTS.items() if contract.queue in full]

    def _publish(self, claim: str, claimed: Sequence[Row[Any]]) -> Relayed:
        total = Relayed()
        for said, group in groupby(claimed, key=lambda row: row.terms):
            jobs: defaultdict[Queue, list[_Waiting]] = defaultdict(list)
            terms = _terms(said)
            for row in group:
                match terms if isinstance(terms, Permanent | _Away) else self._job(row):
                    case _Away(why):
                        self._put_off(claim, row, why)
                    case Permanent() as refusal:
                        total += self._refuse(claim, row.number, refusal)
                    case Job() as job:
                        jobs[job.destination].append(_Waiting(row.number, job))
            if not isinstance(terms, Permanent | _Away):
                for queue, waiting in jobs.items():
                    total += self._send(claim, queue, waiting, terms)
        return total

    def _job(self, row: Row[Any]) -> Job | Permanent | _Away:
        """The job that a row holds, or why it is none that can be published."""
        try:
            return decode(row.kind, read_payload(row, self._cipher), job_id=row.job_id)
        except (NotYet, PayloadUnreadable) as error:
            return _Away(str(error))
        except KindUnknown as error:
            is_young = self._now_ms() - row.written_at < UNKNOWN_KIND_PATIENCE // timedelta(milliseconds=1)
            return _Away(str(error)) if is_young else error
        except Permanent as error:
            return error
        except (msgspec.DecodeError, RecursionError) as error:
            return RowUnreadable(f"its payload is no JSON ({type(error).__name__})")

    def _send(self, claim: str, queue: Queue, waiting: Sequence[_Waiting], terms: BulkTerms) -> Relayed:
        try:
            enqueued = self._producer.enqueue_many([each.job for each in waiting], **terms)
        except (QueueFull, BulkInterrupted) as error:
            marked = Relayed() if isinstance(error, QueueFull) else self._mark(claim, waiting, error.enqueued)
            if not isinstance(error, QueueFull) and not isinstance(error.__cause__, QueueFull):
                raise
            self._full_until_ms[queue] = self._now_ms() + FULL_PAUSE // timedelta(milliseconds=1)
            log.warning("a queue is full, its jobs of the outbox wait", queue=queue.value)
            return marked
        except KeySecretRefused:
            raise  # this relay's fault, and none of the rows'
        except Permanent as error:
            if len(waiting) == 1:
                return self._refuse(claim, waiting[0].number, error)
            return sum((self._send(claim, queue, [each], terms) for each in waiting), start=Relayed())
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
            connection.execute(refused.values(closed_at=self._now_ms(), closed_as=f"{REFUSED}{error}"))
        return Relayed(refused=1)

    def _put_off(self, claim: str, row: Row[Any], why: str) -> None:
        log.warning("a job of the outbox is put off", number=row.number, kind=row.kind, reason=why)
        until_ms = self._now_ms() + PUT_OFF // timedelta(milliseconds=1)
        put_off = update(rows).where(rows.c.number == row.number, rows.c.claim == claim)
        with self._engine.begin() as connection:
            connection.execute(put_off.values(claim=None, claimed_until=until_ms))

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
                if verdict == "alive" and now - row.seen_at < _SEEN_LATELY_MS:
                    yield verdict  # a job may wait for years, and is looked at every few minutes
                    continue
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
        return "doubtful", {
            "closed_at": now,
            "closed_as": f"{DOUBTFUL}the broker does not know it, or has forgotten it",
        }

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock())


_SEEN_LATELY_MS = timedelta(hours=1) // timedelta(milliseconds=1)
_SURELY_REMEMBERED_MS = (ENDED_TTL - timedelta(hours=1)) // timedelta(milliseconds=1)
"""A job that was alive so short a time ago cannot have ended and been forgotten; the hour is for clocks that differ."""


def _terms(said: str) -> BulkTerms | Permanent | _Away:
    """The terms of some rows, or why there are none."""
    try:
        terms = msgspec.json.decode(said, type=SaidTerms).as_terms()
    except msgspec.ValidationError as error:
        return _Away(f"its terms are a newer release's: {error}")
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError, OSError) as error:
        return RowUnreadable(f"its terms cannot be read ({type(error).__name__})")
    return terms


@contextmanager
def _away_is_transient() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise OutboxUnavailable(
            f"the outbox's database did not answer ({type(error.orig).__name__}); the relay tries again"
        ) from error
