"""The suppression list: mailboxes that get no letter until a person clears them.

Every send asks it first. One bounce for good, or one complaint, puts a mailbox on it; "later" does not. Nothing is
ever deleted: what was cleared stays, with the reason, and an older report does not bring it back.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select

from buffrsign.core.clock import Clock
from buffrsign.core.sql import Database
from buffrsign.mail.addresses import mailbox_of
from buffrsign.mail.states import Source, as_words
from buffrsign.mail.tables import mail_deliveries, mail_suppressions


class Why(StrEnum):
    """Why a mailbox gets no letter."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    PERSON = "person"


@dataclass(frozen=True)
class Suppression:
    """One time that a mailbox was put on the list. `job_id` is the letter's that brought it there, if one did."""

    number: int
    reason: Why
    at: datetime
    source: Source
    job_id: str | None
    why: str
    cleared_at: datetime | None
    cleared_why: str
    mailbox: str = field(repr=False)


_IS_HELD = (mail_suppressions.c.mailbox == bindparam("mailbox")) & mail_suppressions.c.cleared_at.is_(None)
_REASON = (
    select(mail_suppressions.c.reason).where(_IS_HELD).order_by(mail_suppressions.c.id)
)  # built once, not for each


class SuppressionList:
    """The list of one database."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def reason_for(self, address: str) -> Why | None:
        """Why this address gets no letter, or None if it may. One look into an index; nobody waits."""
        with self._database.read() as connection:
            reason = connection.scalar(_REASON, {"mailbox": mailbox_of(address)})
        return None if reason is None else Why(reason)

    def add(self, address: str, *, why: str) -> bool:
        """Put a mailbox on the list, on a person's word. False if it was on it before."""
        now = self._clock()
        with self._database.write() as connection:
            return suppress(
                connection,
                mailbox_of(address),
                reason=Why.PERSON,
                source=Source.PERSON,
                happened_at=now,
                now=now,
                why=why,
            )

    def add_refused(self, job_id: str, address: str) -> bool:
        """Put the mailbox of a letter on the list whose server said at once that there is none. False as for `add`."""
        now = self._clock()
        with self._database.write() as connection:
            number = connection.scalar(select(mail_deliveries.c.id).where(mail_deliveries.c.job_id == job_id))
            return suppress(
                connection,
                mailbox_of(address),
                reason=Why.HARD_BOUNCE,
                source=Source.SMTP,
                happened_at=now,
                now=now,
                delivery_id=number,
            )

    def clear(self, address: str, *, why: str) -> bool:
        """Take a mailbox off the list, and note why. False if it was not on it."""
        return self._clear(_holds(mailbox_of(address)), why)

    def clear_number(self, number: int, *, why: str) -> bool:
        """As `clear`, for the mailbox of one suppression."""
        mailbox = select(mail_suppressions.c.mailbox).where(mail_suppressions.c.id == number).scalar_subquery()
        return self._clear((mail_suppressions.c.mailbox == mailbox) & mail_suppressions.c.cleared_at.is_(None), why)

    def select(self, *, cleared: bool = False, at_most: int = 100) -> list[Suppression]:
        """The latest first: those that hold, or with `cleared` also those that a person cleared."""
        query = (
            select(mail_suppressions, mail_deliveries.c.job_id)
            .outerjoin(mail_deliveries, mail_deliveries.c.id == mail_suppressions.c.delivery_id)
            .order_by(mail_suppressions.c.id.desc())
            .limit(at_most)
        )
        if not cleared:
            query = query.where(mail_suppressions.c.cleared_at.is_(None))
        with self._database.read() as connection:
            return [_suppression(row) for row in connection.execute(query)]

    def _clear(self, which: ColumnElement[bool], why: str) -> bool:
        cleared = {"cleared_at": self._clock(), "cleared_why": as_words(why)}
        with self._database.write() as connection:
            return connection.execute(mail_suppressions.update().where(which).values(**cleared)).rowcount > 0


def suppress(
    connection: Connection,
    mailbox: str,
    *,
    reason: Why,
    source: Source,
    happened_at: datetime,
    now: datetime,
    delivery_id: int | None = None,
    why: str = "",
) -> bool:
    """Put a mailbox on the list, in the caller's transaction.

    False if it is on it, or if a person cleared it after this happened: they knew what they decided about.
    """
    if connection.scalar(select(mail_suppressions.c.id).where(_holds(mailbox)).limit(1)) is not None:
        return False
    last_cleared = connection.scalar(
        select(func.max(mail_suppressions.c.cleared_at)).where(mail_suppressions.c.mailbox == mailbox)
    )
    if last_cleared is not None and reason is not Why.PERSON and happened_at <= last_cleared:
        return False
    row = {"mailbox": mailbox, "reason": reason, "source": source, "at": now, "delivery_id": delivery_id}
    connection.execute(mail_suppressions.insert().values(**row, why=as_words(why), cleared_why=""))
    return True


def _holds(mailbox: str) -> ColumnElement[bool]:
    return (mail_suppressions.c.mailbox == mailbox) & mail_suppressions.c.cleared_at.is_(None)


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(
        number=row.id,
        reason=Why(row.reason),
        at=row.at,
        source=Source(row.source),
        job_id=row.job_id,
        why=row.why,
        cleared_at=row.cleared_at,
        cleared_why=row.cleared_why,
        mailbox=row.mailbox,
    )
