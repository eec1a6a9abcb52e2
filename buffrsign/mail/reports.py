"""Reports: what is said of a letter after it was handed over, by bounce messages, complaints and providers.

One report changes one letter's state at most, by the rules in `states.py`, and is taken in once, by its id. A bounce
for good and a complaint put the letter's mailbox on the suppression list; one is enough.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from buffrsign.mail import rows
from buffrsign.mail.addresses import mailbox_of
from buffrsign.mail.rows import Delivery, DeliveryRow
from buffrsign.mail.states import Event, Source, State, Words, after_report, is_about_size
from buffrsign.mail.suppression import Why, suppress
from buffrsign.mail.tables import mail_deliveries, mail_delivery_events

_MAY_COME_BACK = (State.HANDING_OVER, State.UNCERTAIN, State.ACCEPTED)


@dataclass(frozen=True)
class Report:
    """What somebody reports of one letter.

    `report_id` is the same for a report that comes twice. `at` is when it happened, as the reporter says.
    """

    report_id: str
    event: Event
    source: Source
    at: datetime
    message_id: str | None = None
    recipient: str | None = None
    host: str = ""
    response: str = ""
    status: str = ""

    @property
    def is_for_good(self) -> bool:
        """Whether the mailbox is not to be tried again: a complaint, or a bounce of class 5 (RFC 3463, 3.1).

        A letter that was too large says nothing of its mailbox.
        """
        if self.event is Event.BOUNCED:
            return self.status.startswith("5.") and not is_about_size(self.status, self.response)
        return self.event is Event.COMPLAINED


class Outcome(StrEnum):
    """What became of a report."""

    CHANGED = "changed"
    NOTED = "noted"
    REPEATED = "repeated"
    UNMATCHED = "unmatched"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Reported:
    """What a report brought: the letter as it stands now, the state it had, and whether its mailbox was suppressed."""

    outcome: Outcome
    delivery: Delivery | None = None
    was: State | None = None
    suppressed: bool = False


def apply(connection: Connection, report: Report, *, now: datetime) -> Reported:
    """Take in one report, in the caller's transaction."""
    row = _letter_of(connection, report)
    # Asked once the letter is ours: until then, another may be taking in the same report.
    known = _taken_in_before(connection, report.report_id)
    if known is not None:
        return Reported(Outcome.REPEATED, rows.delivery_in(known))
    if isinstance(row, Outcome):
        return Reported(row)
    was = State(row.state)
    outcome = _write(connection, row, report, now=now)
    suppressed = report.is_for_good and _suppress(connection, row, report, now=now)
    delivery = rows.delivery_in(rows.row_numbered(connection, row.id))
    return Reported(outcome, delivery, was=was, suppressed=suppressed)


def _taken_in_before(connection: Connection, report_id: str) -> DeliveryRow | None:
    number = connection.scalar(
        select(mail_delivery_events.c.delivery_id).where(mail_delivery_events.c.report_id == report_id)
    )
    return None if number is None else rows.row_numbered(connection, number)


def _letter_of(connection: Connection, report: Report) -> DeliveryRow | Outcome:
    """By our Message-ID. Only a report that names no message at all is matched by its mailbox, if one letter fits."""
    if report.message_id is not None:
        return _by_message_id(connection, report.message_id) or Outcome.UNMATCHED
    if report.recipient is None:
        return Outcome.UNMATCHED
    query = select(mail_deliveries).where(
        mail_deliveries.c.mailbox == mailbox_of(report.recipient), mail_deliveries.c.state.in_(_MAY_COME_BACK)
    )
    found = connection.execute(query.limit(2).with_for_update()).all()
    if len(found) > 1:
        return Outcome.AMBIGUOUS
    return found[0] if found else Outcome.UNMATCHED


def _by_message_id(connection: Connection, message_id: str) -> DeliveryRow | None:
    """An older release kept no Message-ID; its local part was the job's id, then as now."""
    columns = mail_deliveries.c
    local_part = message_id.strip("<>").partition("@")[0]
    older = columns.message_id.is_(None) & columns.job_id.in_([local_part, local_part.upper()])
    query = select(mail_deliveries).where((columns.message_id == message_id) | older)
    return connection.execute(query.with_for_update()).first()


def _write(connection: Connection, row: DeliveryRow, report: Report, *, now: datetime) -> Outcome:
    words = Words(report.source, report.host, report.response, report.status)
    state = after_report(State(row.state), report.event)
    if state == row.state:
        rows.note(connection, row.id, report.event, words=words, now=now, report_id=report.report_id)
        return Outcome.NOTED
    rows.move(connection, row, state, words=words, now=now, report_id=report.report_id)
    return Outcome.CHANGED


def _suppress(connection: Connection, row: DeliveryRow, report: Report, *, now: datetime) -> bool:
    return suppress(
        connection,
        mailbox_of(row.address),
        reason=Why.COMPLAINT if report.event is Event.COMPLAINED else Why.HARD_BOUNCE,
        source=report.source,
        happened_at=min(report.at, now),
        now=now,
        delivery_id=row.id,
    )
