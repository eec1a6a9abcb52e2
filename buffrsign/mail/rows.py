"""How a letter lies in SQL: one row that says where it stands, and one line of history for whatever was said of it.

What every letter needs is said by statements that are built once: building one costs more than carrying it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from buffrsign.jobs.email import Letter, addressee
from buffrsign.mail.addresses import mailbox_of
from buffrsign.mail.enclosures import NOTHING_ENCLOSED, Facts
from buffrsign.mail.states import LONGEST_HOST, Source, State, Words, as_words, status_in
from buffrsign.mail.tables import mail_deliveries, mail_delivery_events

DeliveryRow = Row[Any]
FIRST_ATTEMPT = 1

_COLUMNS = mail_deliveries.c
_SAME_JOB = _COLUMNS.job_id == bindparam("own_job_id")
_SAME_LETTER = _SAME_JOB | and_(
    _COLUMNS.document_id == bindparam("own_document_id"),
    _COLUMNS.recipient == bindparam("own_recipient"),
    _COLUMNS.kind == bindparam("own_kind"),
    _COLUMNS.round == bindparam("own_round"),
)
_OF_JOB, _OF_LETTER = (select(mail_deliveries).where(same) for same in (_SAME_JOB, _SAME_LETTER))
_NUMBERED = select(mail_deliveries).where(_COLUMNS.id == bindparam("number")).with_for_update()
_BEGIN = {
    "postgresql": postgresql.insert(mail_deliveries).on_conflict_do_nothing().returning(_COLUMNS.id),
    "sqlite": sqlite.insert(mail_deliveries).on_conflict_do_nothing().returning(_COLUMNS.id),
}
_END_CLAIM = mail_deliveries.update().where(
    _COLUMNS.id == bindparam("claimed"),
    _COLUMNS.attempts == bindparam("claimed_attempt"),
    _COLUMNS.state == State.HANDING_OVER,
)
_NOTE = mail_delivery_events.insert()


@dataclass(frozen=True)
class Delivery:
    """What is known of one letter. `response` is in the words of whoever spoke last, `host` is the server it went to.

    `recipient` and `address` are personal data; `recipient_id` is none, and absent where only the address is known.
    """

    number: int
    job_id: str
    kind: str
    document_id: str | None
    round: int
    state: State
    host: str
    response: str
    status: str
    source: Source
    attempts: int
    doubts: int
    resend_allowed: bool
    message_id: str | None
    updated_at: datetime
    recipient: str = field(repr=False)
    address: str = field(repr=False)
    enclosed: Facts = field(default_factory=dict)

    @property
    def recipient_id(self) -> str | None:
        """The recipient's id, where they have one. A key that holds their address is none, as that of a sender is."""
        return None if self.address.casefold() in self.recipient.casefold() else self.recipient


@dataclass(frozen=True)
class Line:
    """One line of a letter's history. `entered`: the letter came into this state by it; else it only was said."""

    state: str
    entered: bool
    at: datetime
    words: Words


def row_of(connection: Connection, job: Letter) -> DeliveryRow | None:
    """The letter's row, which is this transaction's until it ends.

    FOR UPDATE is for PostgreSQL; on SQLite every writer already holds the one write lock, and readers need none.
    """
    query, named = _same_letter(job)
    return connection.execute(query.with_for_update(), named).first()


def seen_row_of(connection: Connection, job: Letter) -> DeliveryRow | None:
    """The letter's row as it was a moment ago; nobody waits for anybody."""
    return connection.execute(*_same_letter(job)).first()


def row_numbered(connection: Connection, number: int) -> DeliveryRow:
    """The row of a letter that is known to have one."""
    return connection.execute(_NUMBERED, {"number": number}).one()


def row_of_job(connection: Connection, job_id: str) -> DeliveryRow | None:
    """The row of the letter that this job tried last."""
    return connection.execute(_OF_JOB.with_for_update(), {"own_job_id": job_id}).first()


def delivery_in(row: DeliveryRow) -> Delivery:
    """The row as a value."""
    return Delivery(
        number=row.id,
        job_id=row.job_id,
        kind=row.kind,
        document_id=row.document_id,
        round=row.round,
        state=State(row.state),
        host=row.host,
        response=row.response,
        status=row.status,
        source=Source(row.source),
        attempts=row.attempts,
        doubts=row.doubts,
        resend_allowed=row.resend_allowed,
        message_id=row.message_id,
        updated_at=row.updated_at,
        recipient=row.recipient,
        address=row.address,
        enclosed=enclosed_in(row),
    )


def begin(
    connection: Connection, job: Letter, state: State, *, message_id: str, words: Words, now: datetime
) -> int | None:
    """Begin the letter's row, in that state; its number, or None where it has one: of many that try, one begins it."""
    row: dict[str, object] = {
        "kind": job.kind,
        "document_id": job.document_id,
        "recipient": addressee(job),
        "round": job.round,
        "message_id": message_id,
        "state": state,
        "attempts": FIRST_ATTEMPT,
        "doubts": 0,
        "resend_allowed": False,
        "updated_at": now,
    }
    begun = connection.execute(_BEGIN[connection.dialect.name], {**row, **_tried_by(job), **_spoken(words, host=True)})
    number: int | None = begun.scalar()
    if number is not None:
        note(connection, number, state, words=words, now=now, entered=True)
    return number


def row_that_is_there(connection: Connection, job: Letter) -> DeliveryRow:
    """The row of a letter that `begin` found begun; it is this transaction's until it ends."""
    row = row_of(connection, job)
    assert row is not None, "nobody deletes a delivery"  # noqa: S101 - what `begin` has met
    return row


def retry(
    connection: Connection, row: DeliveryRow, job: Letter, state: State, *, message_id: str, words: Words, now: datetime
) -> DeliveryRow:
    """One more try of the letter, by this job. A permission to resend is spent, and the first Message-ID stays."""
    tried = {"attempts": row.attempts + 1, "resend_allowed": False, "message_id": row.message_id or message_id}
    move(connection, row, state, words=words, now=now, host=True, also={**tried, **_tried_by(job)})
    return row_numbered(connection, row.id)


def move(
    connection: Connection,
    row: DeliveryRow,
    state: State,
    *,
    words: Words,
    now: datetime,
    host: bool = False,
    report_id: str | None = None,
    also: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """The letter enters a state, and `also` other columns change. `host`: the words are of the server it went to."""
    doubt = {"doubts": row.doubts + 1, "alerted_at": None} if state is State.UNCERTAIN else {}
    changed = mail_deliveries.update().where(mail_deliveries.c.id == row.id)
    connection.execute(changed.values(state=state, updated_at=now, **_spoken(words, host=host), **doubt, **also))
    note(connection, row.id, state, words=words, now=now, entered=True, report_id=report_id)


def end_claim(connection: Connection, number: int, attempt: int, state: State, *, words: Words, now: datetime) -> bool:
    """A claimed hand-over ends in a state that leaves no doubt; False if something was said of the letter meanwhile."""
    which = {"claimed": number, "claimed_attempt": attempt}
    ended = connection.execute(_END_CLAIM, {**which, "state": state, "updated_at": now, **_spoken(words, host=True)})
    if not ended.rowcount:
        return False
    note(connection, number, state, words=words, now=now, entered=True)
    return True


def note(
    connection: Connection,
    number: int,
    said: str,
    *,
    words: Words,
    now: datetime,
    entered: bool = False,
    report_id: str | None = None,
) -> None:
    """One line of history."""
    line = {"delivery_id": number, "state": said, "entered": entered, "at": now, "report_id": report_id}
    connection.execute(_NOTE, {**line, **_spoken(words, host=True)})


def enclosed_in(row: DeliveryRow) -> Facts:
    """The file that the letter came with at its last hand-over, and how."""
    return row.enclosed or NOTHING_ENCLOSED


def enclose(connection: Connection, number: int, enclosed: Facts, *, words: Words, now: datetime) -> None:
    """The letter is about to be handed over with a file: in its row, and as a line of history."""
    changed = mail_deliveries.update().where(mail_deliveries.c.id == number)
    connection.execute(changed.values(enclosed=dict(enclosed)))
    said = ", ".join(f"{name} {value}" for name, value in enclosed.items() if name != "enclosure")
    note(connection, number, str(enclosed["enclosure"]), words=replace(words, response=said), now=now)


def history_of_rounds(connection: Connection, job: Letter) -> list[tuple[int, Line]]:
    """All that was said of this letter in any of its rounds, each with its round."""
    columns = mail_deliveries.c
    numbers = connection.execute(
        select(columns.id, columns.round).where(
            columns.document_id == job.document_id, columns.recipient == addressee(job), columns.kind == job.kind
        )
    )
    return [(round_, line) for number, round_ in numbers.all() for line in history_of(connection, number)]


def history_of(connection: Connection, number: int) -> list[Line]:
    """All that was said of a letter, in order."""
    lines = connection.execute(
        select(mail_delivery_events)
        .where(mail_delivery_events.c.delivery_id == number)
        .order_by(mail_delivery_events.c.id)
    )
    return [
        Line(line.state, line.entered, line.at, Words(Source(line.source), line.host, line.response, line.status))
        for line in lines
    ]


def _tried_by(job: Letter) -> dict[str, object]:
    """Whoever tries a letter says where it goes: a person's address may have changed since the last time."""
    address = job.recipient.email
    return {"job_id": job.job_id, "address": address, "mailbox": mailbox_of(address)}


def _spoken(words: Words, *, host: bool) -> dict[str, object]:
    response = as_words(words.response)
    said: dict[str, object] = {
        "response": response,
        "status": words.status or status_in(response),
        "source": words.source,
    }
    return {**said, "host": as_words(words.host, at_most=LONGEST_HOST)} if host else said


def _same_letter(job: Letter) -> tuple[Select[Any], dict[str, object]]:
    """What asks for the letter's row, and with which values."""
    if job.document_id is None:
        return _OF_JOB, {"own_job_id": job.job_id}
    return _OF_LETTER, {
        "own_job_id": job.job_id,
        "own_document_id": job.document_id,
        "own_recipient": addressee(job),
        "own_kind": job.kind,
        "own_round": job.round,
    }
