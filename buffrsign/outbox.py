"""Jobs that are enqueued in the caller's own SQL transaction, and exist if and only if it commits (extra `outbox`).

    outbox.metadata.create_all(engine)  # once, or by a migration of your own
    with Session(engine) as session, session.begin():
        session.add(document)
        Outbox(session).enqueue(SignatureRequestEmail(…), delay=timedelta(minutes=5))

A relay publishes what was committed, under the id that the job has here (`outbox_relay.py`). What a row says of a
person is as private as the caller's other tables, unless `Outbox(session, cipher=cipher)` seals it; what the relay
publishes, its producer's cipher seals.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Unpack

import msgspec
from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Row, String, Table, Text, func, select, update

from buffrsign.broker.enqueueing import BulkRefused, payload_of
from buffrsign.broker.terms import BulkTerms, EnqueueRefused, read_terms
from buffrsign.core.clock import Clock, from_epoch_ms, to_epoch_ms, utc_now
from buffrsign.core.errors import Permanent
from buffrsign.crypto import Cipher, PayloadUnreadable, read_head
from buffrsign.jobs import Job
from buffrsign.jobs.missed import Missed
from buffrsign.jobs.priority import Priority

REFUSED, DOUBTFUL = "refused: ", "doubtful: "
"""How `closed_as` begins where somebody must look: such a row stays until it is retried or discarded."""

_ROWS_AT_ONCE = 500
_SEALED = "sealed:"

metadata = MetaData()
"""Of the outbox's table alone, so that a caller's migrations may take it or leave it."""

_number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only what it calls INTEGER

rows = Table(
    "buffrsign_outbox",
    metadata,
    Column("number", _number, primary_key=True, autoincrement=True),
    Column("job_id", String(36), nullable=False, unique=True),
    Column("kind", String(100), nullable=False),
    Column("payload", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("claim", String(26)),
    Column("claimed_until", BigInteger),
    Column("sent_at", BigInteger),
    Column("stands", String(36)),
    Column("seen_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("closed_as", Text),
)
"""Times are ms since 1970. A row is *waiting* until `sent_at`, then *open* until `closed_at`: its job has ended as
`closed_as` says, or somebody must look. `stands` is the job that stands for it: its own, or an older one with its key.
`seen_at` is when the broker last knew that job, and not as ended."""

Index(
    "ix_buffrsign_outbox_waiting",
    rows.c.number,
    sqlite_where=rows.c.sent_at.is_(None),
    postgresql_where=rows.c.sent_at.is_(None),
)
Index("ix_buffrsign_outbox_open", rows.c.closed_at, rows.c.sent_at)


class SaidTerms(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A job's terms, as a row keeps them. Times are absolute: a delay counts from the moment of `enqueue`."""

    at_ms: int | None = None
    expires_ms: int | None = None
    missed: Missed = Missed.RUN
    series: str = ""
    keep_result: bool = False
    key_window_s: int | None = None
    priority: Priority = Priority.NORMAL
    tenant: str = ""
    limited_by: str = ""

    def as_terms(self) -> BulkTerms:
        """The same for a producer."""
        said: BulkTerms = {
            "missed": self.missed,
            "series": self.series,
            "keep_result": self.keep_result,
            "priority": self.priority,
            "tenant": self.tenant,
            "limited_by": self.limited_by,
        }
        if self.at_ms is not None:
            said["at"] = from_epoch_ms(self.at_ms)
        if self.expires_ms is not None:
            said["expires"] = timedelta(milliseconds=self.expires_ms)
        if self.key_window_s is not None:
            said["key_window"] = timedelta(seconds=self.key_window_s)
        return said


@dataclass(frozen=True)
class Outbox:
    """Writes jobs as rows through a Session or a Connection. Nothing leaves the process, and nothing is committed.

    With a `cipher`, payloads lie encrypted in the database too: a relay needs the key to publish them.
    """

    connection: Any
    clock: Clock = utc_now
    cipher: Cipher | None = None

    def enqueue(self, job: Job, **terms: Unpack[BulkTerms]) -> str:
        """Write one job, and return its id. A job whose id is here already changes nothing. See `Producer.enqueue`.

        Raises:
            PayloadRefused, EnqueueRefused: as `Producer.enqueue`; no row was written.
        """
        self._insert([self._row(job, self._said(terms))])
        return job.job_id

    def enqueue_many(self, jobs: Iterable[Job], **terms: Unpack[BulkTerms]) -> list[str]:
        """Write all of these on the same terms, and return their ids.

        Raises:
            BulkRefused, EnqueueRefused: as `Producer.enqueue_many`; no row was written.
        """
        said, made = self._said(terms), []
        for position, job in enumerate(jobs):
            try:
                made.append(self._row(job, said))
            except Permanent as error:
                raise BulkRefused(position, str(error)) from error
        self._insert(made)
        return [row["job_id"] for row in made]

    def _said(self, terms: BulkTerms) -> str:
        now = self.clock()
        checked = read_terms(lambda: now, **terms)
        due_ms = int(checked.due_ms) if checked.due_ms else to_epoch_ms(now) + checked.delay_ms
        said = SaidTerms(
            at_ms=due_ms if checked.due_ms or checked.delay_ms or checked.expires_ms else None,
            expires_ms=int(checked.expires_ms) if checked.expires_ms else None,
            missed=terms.get("missed", Missed.RUN),
            series=checked.series,
            keep_result=checked.keeps_result,
            key_window_s=int(checked.window_s) if checked.window_s else None,
            priority=Priority(checked.priority),
            tenant=checked.tenant,
            limited_by=checked.limited_by,
        )
        return msgspec.json.encode(said).decode()

    def _row(self, job: Job, said: str) -> dict[str, Any]:
        return {
            "job_id": job.job_id,
            "kind": job.kind,
            "payload": self._at_rest(job),
            "terms": said,
            "written_at": to_epoch_ms(self.clock()),
        }

    def _at_rest(self, job: Job) -> str:
        plain = msgspec.json.encode(payload_of(job))
        if self.cipher is None:
            return plain.decode()
        return _SEALED + base64.b64encode(self.cipher.seal(plain, job_id=job.job_id, kind=job.kind)).decode()

    def _insert(self, made: list[dict[str, Any]]) -> None:
        # An error in PostgreSQL would end the caller's transaction, so a row that is here already must be none.
        insert = _insert_for(self.connection)
        for begin in range(0, len(made), _ROWS_AT_ONCE):
            self.connection.execute(insert, made[begin : begin + _ROWS_AT_ONCE])


def read_payload(row: Row[Any], cipher: Cipher | None) -> Any:
    """The payload of a row, sealed or not.

    Raises:
        PayloadUnreadable: it is sealed, and does not open here, or was sealed for another job.
        msgspec.DecodeError: it is no JSON.
    """
    text: str = row.payload
    if not text.startswith(_SEALED):
        return msgspec.json.decode(text)
    if cipher is None:
        raise PayloadUnreadable("its payload is encrypted, and there are no keys here (BUFFRSIGN_PAYLOAD_KEYS)")
    try:
        sealed = base64.b64decode(text.removeprefix(_SEALED), validate=True)
    except binascii.Error as error:
        raise PayloadUnreadable("its payload says that it is encrypted, and is not") from error
    head = read_head(sealed)
    if (head.job_id, head.kind) != (row.job_id, row.kind):
        raise PayloadUnreadable("its payload was encrypted for another job: somebody moved it")
    return msgspec.json.decode(cipher.open(sealed))


class Stuck(msgspec.Struct, frozen=True):
    """A row that somebody must look at; `why` holds nothing of its payload."""

    number: int
    job_id: str
    kind: str
    why: str


class Backlog(msgspec.Struct, frozen=True):
    """What an outbox holds. `waiting` is not published yet; `open` is, and its job has no known end yet."""

    waiting: int
    oldest_waiting: datetime | None
    open: int
    refused: int
    doubtful: int
    first_stuck: list[Stuck]


def read_backlog(connection: Any, *, show: int = 20) -> Backlog:
    """What is in the outbox, and the first rows that somebody must look at. Counts the table's rows."""
    is_waiting = rows.c.sent_at.is_(None) & rows.c.closed_at.is_(None)
    is_open = rows.c.sent_at.is_not(None) & rows.c.closed_at.is_(None)
    is_refused, is_doubtful = rows.c.closed_as.startswith(REFUSED), rows.c.closed_as.startswith(DOUBTFUL)
    waiting, oldest, open_, refused, doubtful = connection.execute(
        select(
            func.count().filter(is_waiting),
            func.min(rows.c.written_at).filter(is_waiting),
            *(func.count().filter(each) for each in (is_open, is_refused, is_doubtful)),
        ).select_from(rows)
    ).one()
    stuck = select(rows.c.number, rows.c.job_id, rows.c.kind, rows.c.closed_as)
    first = connection.execute(stuck.where(is_refused | is_doubtful).order_by(rows.c.number).limit(show))
    oldest_waiting = None if oldest is None else from_epoch_ms(oldest)
    return Backlog(waiting, oldest_waiting, open_, refused, doubtful, [Stuck(*row) for row in first])


def retry_stuck(connection: Any, numbers: Iterable[int]) -> list[int]:
    """Let refused and doubtful rows wait again, to be published under the ids they have; which of these were."""
    again = update(rows).values(
        sent_at=None, stands=None, seen_at=None, closed_at=None, closed_as=None, claim=None, claimed_until=None
    )
    is_stuck = rows.c.closed_as.startswith(REFUSED) | rows.c.closed_as.startswith(DOUBTFUL)
    return [
        number
        for number in dict.fromkeys(numbers)
        if connection.execute(again.where(rows.c.number == number, is_stuck)).rowcount
    ]


def _insert_for(connection: Any) -> Any:
    dialect = (connection.get_bind() if hasattr(connection, "get_bind") else connection).dialect.name
    match dialect:
        case "sqlite":
            from sqlalchemy.dialects.sqlite import insert as for_sqlite  # noqa: PLC0415 - one of the two is used

            return for_sqlite(rows).on_conflict_do_nothing(index_elements=["job_id"])
        case "postgresql":
            from sqlalchemy.dialects.postgresql import insert as for_postgresql  # noqa: PLC0415

            return for_postgresql(rows).on_conflict_do_nothing(index_elements=["job_id"])
    raise EnqueueRefused(f"the outbox knows SQLite and PostgreSQL, not {dialect}")
