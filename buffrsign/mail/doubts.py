"""Doubts: letters of which nobody knows whether a mail server took them, until a report or a person says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, select

from buffrsign.core.clock import Clock
from buffrsign.core.errors import Permanent
from buffrsign.core.sql import Database
from buffrsign.mail import rows
from buffrsign.mail.record import allow_resend
from buffrsign.mail.rows import Delivery, DeliveryRow
from buffrsign.mail.states import Source, State, Words, as_words
from buffrsign.mail.tables import mail_deliveries

ALERT_AFTER = timedelta(hours=1)
"""How old a doubt is when people are told: until then a report may have answered it."""

ALERT_AGAIN = timedelta(days=1)


class NotUncertain(Permanent):
    """No letter that this job tried last is uncertain."""

    def __init__(self, job_id: str, *, state: str = "") -> None:
        is_now = f"it is {state}" if state else "no delivery of this database is its"
        super().__init__(f"the letter of job {job_id} is not uncertain: {is_now}; see `buffrsign mail uncertain list`")


@dataclass(frozen=True)
class Doubts:
    """The uncertain letters of one database; and hand-overs that nobody ended for so long that they are no better."""

    database: Database
    clock: Clock

    def select(self, *, at_most: int | None = None) -> list[Delivery]:
        """Those there are, the oldest first."""
        with self.database.read() as connection:
            return _found(connection, _in_doubt(self.clock() - ALERT_AFTER), at_most=at_most)

    def due_for_alert(self) -> list[Delivery]:
        """Those that are an hour old and of which nobody was told within a day, the oldest first."""
        now = self.clock()
        columns = mail_deliveries.c
        untold = columns.alerted_at.is_(None) | (columns.alerted_at <= now - ALERT_AGAIN)
        is_due = _in_doubt(now - ALERT_AFTER) & (columns.updated_at <= now - ALERT_AFTER) & untold
        with self.database.read() as connection:
            return _found(connection, is_due)

    def alerted(self, deliveries: Sequence[Delivery]) -> None:
        """Note that people were told of these."""
        with self.database.write() as connection:
            for delivery in deliveries:
                told = mail_deliveries.update().where(mail_deliveries.c.id == delivery.number)
                connection.execute(told.values(alerted_at=self.clock()))

    def allow_resend(self, job_id: str, *, why: str) -> Delivery:
        """Let the letter be sent once more, under the same Message-ID; a second doubt holds again. Safe to repeat.

        Raises:
            NotUncertain: somebody knows by now what became of it.
        """
        words = Words(Source.PERSON, response=f"it may be sent once more: {as_words(why)}")
        with self.database.write() as connection:
            row = self._open_row(connection, job_id)
            if not row.resend_allowed:
                allow_resend(connection, row)
                rows.note(connection, row.id, State.UNCERTAIN, words=words, now=self.clock())
            return rows.delivery_in(rows.row_numbered(connection, row.id))

    def settle(self, job_id: str, state: Literal[State.ACCEPTED, State.BOUNCED], *, why: str) -> Delivery:
        """Write what a person found out.

        Raises:
            NotUncertain: somebody knows by now what became of it.
        """
        with self.database.write() as connection:
            row = self._open_row(connection, job_id)
            words = Words(Source.PERSON, response=why)
            rows.move(connection, row, state, words=words, now=self.clock(), also={"resend_allowed": False})
            return rows.delivery_in(rows.row_numbered(connection, row.id))

    def find(self, job_id: str) -> Delivery:
        """The uncertain letter that this job tried last.

        Raises:
            NotUncertain: there is none.
        """
        with self.database.read() as connection:
            row = connection.execute(mail_deliveries.select().where(mail_deliveries.c.job_id == job_id)).first()
        return rows.delivery_in(_require_doubt(row, job_id, before=self.clock() - ALERT_AFTER))

    def _open_row(self, connection: Connection, job_id: str) -> DeliveryRow:
        row = _require_doubt(rows.row_of_job(connection, job_id), job_id, before=self.clock() - ALERT_AFTER)
        if row.state == State.HANDING_OVER:
            words = Words(Source.SMTP, response="the try that handed it over never came back")
            rows.move(connection, row, State.UNCERTAIN, words=words, now=self.clock())
        return rows.row_numbered(connection, row.id)


def _require_doubt(row: DeliveryRow | None, job_id: str, *, before: datetime) -> DeliveryRow:
    if row is None:
        raise NotUncertain(job_id)
    if row.state == State.UNCERTAIN or (row.state == State.HANDING_OVER and row.updated_at <= before):
        return row
    raise NotUncertain(job_id, state=row.state)


def _in_doubt(abandoned_before: datetime) -> ColumnElement[bool]:
    """A hand-over takes minutes at most, by its time limits: one that began an hour ago has nobody to end it."""
    columns = mail_deliveries.c
    is_abandoned = (columns.state == State.HANDING_OVER) & (columns.updated_at <= abandoned_before)
    return (columns.state == State.UNCERTAIN) | is_abandoned


def _found(connection: Connection, which: ColumnElement[bool], *, at_most: int | None = None) -> list[Delivery]:
    query = select(mail_deliveries).where(which).order_by(mail_deliveries.c.updated_at).limit(at_most)
    return [rows.delivery_in(row) for row in connection.execute(query)]
