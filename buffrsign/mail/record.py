"""The record of deliveries: one row a letter, written before and after its message goes out, so none goes out twice.

`handing_over` MUST be durable before the first byte of a message leaves. A row found in that state therefore means
that an earlier try ended between the message and the server's answer: the letter is `uncertain`, and is not resent.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from buffrsign.core.clock import Clock
from buffrsign.core.sql import Database
from buffrsign.jobs.email import Letter
from buffrsign.mail.tables import mail_deliveries

_Row = Row[Any]


class State(StrEnum):
    """How far a letter came."""

    HANDING_OVER = "handing_over"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Claimed:
    """The letter is ours to hand over, now."""


@dataclass(frozen=True)
class AlreadyAccepted:
    """A mail server has taken this letter before."""

    host: str


@dataclass(frozen=True)
class AlreadyRefused:
    """A mail server has refused this letter before, for another job."""

    host: str


@dataclass(frozen=True)
class Uncertain:
    """The letter may have been taken: nobody heard the server's answer. A person must look before it is resent."""

    host: str


Ended = AlreadyAccepted | AlreadyRefused | Uncertain


@dataclass(frozen=True)
class Delivery:
    """What is known of one letter; `response` is the mail server's own words."""

    state: State
    host: str
    response: str
    attempts: int
    updated_at: datetime


class DeliveryRecord:
    """One row for each letter: a document's kind, recipient and round, or, without a document, the job."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def ended(self, job: Letter) -> Ended | None:
        """How this letter ended before, if it did; asked before a mail server is troubled."""
        with self._database.write() as connection:
            row = _row_of(connection, job)
            return None if row is None else self._ended(connection, row, job)

    def claim(self, job: Letter, *, host: str) -> Claimed | Ended:
        """Durably say that the letter is about to be handed over to `host`; exactly one of many claims is Claimed."""
        with self._database.write() as connection:
            row = _row_of(connection, job)
            if row is None:
                self._insert(connection, job, state=State.HANDING_OVER, host=host, response="")
                return Claimed()
            ended = self._ended(connection, row, job)
            if ended is None:
                self._retry(connection, row, job, state=State.HANDING_OVER, host=host, response="")
            return ended or Claimed()

    def settle(self, job: Letter, state: State, *, host: str, response: str) -> None:
        """Write how a claimed hand-over ended.

        Whoever held the claim knows best: this also overwrites `uncertain`, which another process may have concluded.
        """
        with self._database.write() as connection:
            row = _row_of(connection, job)
            if row is not None and row.state in {State.HANDING_OVER, State.UNCERTAIN}:
                self._update(connection, row, state=state, host=host, response=response)

    def turned_away(self, job: Letter, state: State, *, host: str, response: str) -> None:
        """Write that no message left, because the server was away or said no to an address.

        A row that another try has claimed or settled meanwhile says more than this, and stays.
        """
        with self._database.write() as connection:
            row = _row_of(connection, job)
            if row is None:
                self._insert(connection, job, state=state, host=host, response=response)
            elif _may_be_tried(row, job):
                self._retry(connection, row, job, state=state, host=host, response=response)

    def find(self, job_id: str) -> Delivery | None:
        """What is known of the letter that this job tried last, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(mail_deliveries).where(mail_deliveries.c.job_id == job_id)).first()
        if row is None:
            return None
        return Delivery(State(row.state), row.host, row.response, row.attempts, row.updated_at)

    def _ended(self, connection: Connection, row: _Row, job: Letter) -> Ended | None:
        if _may_be_tried(row, job):
            return None
        if row.state == State.HANDING_OVER:
            self._update(connection, row, state=State.UNCERTAIN)
        match State(row.state):
            case State.ACCEPTED:
                return AlreadyAccepted(row.host)
            case State.REFUSED:
                return AlreadyRefused(row.host)
            case _:
                return Uncertain(row.host)

    def _insert(self, connection: Connection, job: Letter, **values: object) -> None:
        letter = {
            "job_id": job.job_id,
            "kind": job.kind,
            "document_id": job.document_id,
            "recipient": job.recipient.person,
            "address": job.recipient.email,
            "round": job.round,
        }
        connection.execute(
            mail_deliveries.insert().values(**letter, **values, attempts=1, updated_at=self._clock()),
        )

    def _retry(self, connection: Connection, row: _Row, job: Letter, **values: object) -> None:
        self._update(connection, row, job_id=job.job_id, attempts=row.attempts + 1, **values)

    def _update(self, connection: Connection, row: _Row, **values: object) -> None:
        changed = mail_deliveries.update().where(mail_deliveries.c.id == row.id)
        connection.execute(changed.values(**values, updated_at=self._clock()))


def _may_be_tried(row: _Row, job: Letter) -> bool:
    """A refused letter is tried again by its own job only: an operator who requeued that has dealt with the cause."""
    return row.state == State.DEFERRED or (row.state, row.job_id) == (State.REFUSED, job.job_id)


def _row_of(connection: Connection, job: Letter) -> _Row | None:
    query = select(mail_deliveries).where(_same_letter(job))
    # FOR UPDATE is for PostgreSQL; on SQLite every writer already holds the one write lock.
    return connection.execute(query.with_for_update()).first()


def _same_letter(job: Letter) -> ColumnElement[bool]:
    columns = mail_deliveries.c
    same_job = columns.job_id == job.job_id
    if job.document_id is None:
        return same_job
    return same_job | and_(
        columns.document_id == job.document_id,
        columns.recipient == job.recipient.person,
        columns.kind == job.kind,
        columns.round == job.round,
    )
