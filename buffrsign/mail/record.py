"""The record of deliveries: one row a letter, written before and after its message goes out, so none goes out twice.

`handing_over` MUST be durable before the first byte of a message leaves. A row found in that state therefore means
that an earlier try ended between the message and the server's answer: the letter is `uncertain`, and is not resent
unless a person allows it, or `on_doubt` does, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import Connection

from buffrsign.core.clock import Clock
from buffrsign.core.sql import Database
from buffrsign.jobs.email import Letter
from buffrsign.mail import rows
from buffrsign.mail.enclosures import ATTACHED, NOTHING_ENCLOSED, Facts, Tries
from buffrsign.mail.reports import Report, Reported, apply
from buffrsign.mail.rows import FIRST_ATTEMPT, Delivery, DeliveryRow, Line
from buffrsign.mail.states import HANDED_OVER, OnDoubt, Source, State, Words, is_about_size, may_settle, resends
from buffrsign.mail.tables import mail_deliveries

_ALL_HOLD: Mapping[str, OnDoubt] = MappingProxyType({})
_ABANDONED = Words(Source.SMTP, response="the try that handed it over never came back")
_ONCE_MORE = Words(Source.POLICY, response="it may be sent once more, as its kind's policy says")


@dataclass(frozen=True)
class Claimed:
    """The letter is ours to hand over, now, under this Message-ID. `attempt` tells this claim from all others."""

    number: int
    attempt: int
    message_id: str
    enclosed: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class AlreadyAccepted:
    """A mail server has taken this letter before, on the word of `source`."""

    host: str
    source: Source = Source.SMTP
    enclosed: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class AlreadyBounced:
    """A mail server has refused this letter before, for another job, or it came back, on the word of `source`."""

    host: str
    source: Source = Source.SMTP


@dataclass(frozen=True)
class Uncertain:
    """The letter may have been taken: nobody heard the server's answer. A person must look before it is resent."""

    host: str
    enclosed: Facts = field(default_factory=dict)


Ended = AlreadyAccepted | AlreadyBounced | Uncertain


class DeliveryRecord:
    """One row for each letter: a document's kind, recipient and round, or, without a document, the job."""

    def __init__(self, database: Database, *, clock: Clock, on_doubt: Mapping[str, OnDoubt] = _ALL_HOLD) -> None:
        """`on_doubt`: what follows a doubt, by kind; a kind that is not named holds."""
        self._database = database
        self._clock = clock
        self._on_doubt = on_doubt

    def ended(self, job: Letter, *, resend: bool = True) -> Ended | None:
        """How this letter ended before, if it did; asked before a mail server is troubled.

        Without `resend`, a doubt stays one even where somebody allowed that the letter goes out once more.
        """
        with self._database.read() as connection:
            row = rows.seen_row_of(connection, job)
        if row is None or not self._must_conclude(row, resend=resend):
            return None if row is None else _end_of(row, job, resend=resend)
        with self._database.write() as connection:
            row = rows.row_of(connection, job)
            return None if row is None else _end_of(self._conclude(connection, row, resend=resend), job, resend=resend)

    def was_handed_over(self, job: Letter) -> bool:
        """Whether a mail server has taken this letter, or may have."""
        with self._database.read() as connection:
            row = rows.seen_row_of(connection, job)
        return row is not None and row.state in HANDED_OVER - {State.BOUNCED}

    def tries_with_file(self, job: Letter) -> Tries:
        """What became of the letter so far where it came with its file."""
        with self._database.read() as connection:
            said = rows.history_of_rounds(connection, job)
        return Tries(
            attached=sum(line.state == ATTACHED and round_ == job.round for round_, line in said),
            too_large=any(is_about_size(line.words.status, line.words.response) for _, line in said),
        )

    def claim(self, job: Letter, *, host: str, message_id: str, enclosed: Facts = NOTHING_ENCLOSED) -> Claimed | Ended:
        """Durably say that the letter is about to be handed over to `host`; exactly one of many claims is Claimed.

        `message_id` is what a first try uses; whoever claims after it gets that one again. `enclosed`: the file that
        this try comes with, and how.
        """
        words = Words(Source.SMTP, host)
        now = self._clock()
        with self._database.write() as connection:
            number = rows.begin(connection, job, State.HANDING_OVER, message_id=message_id, words=words, now=now)
            claimed = Claimed(number, FIRST_ATTEMPT, message_id, enclosed) if number is not None else None
            if claimed is None:
                row = self._conclude(connection, rows.row_that_is_there(connection, job), resend=True)
                ended = _end_of(row, job, resend=True)
                if ended is not None:
                    return ended
                row = rows.retry(connection, row, job, State.HANDING_OVER, message_id=message_id, words=words, now=now)
                claimed = Claimed(row.id, row.attempts, row.message_id, enclosed)
            if enclosed:
                rows.enclose(connection, claimed.number, enclosed, words=words, now=now)
            return claimed

    def settle(self, claim: Claimed, state: State, *, host: str, response: str) -> None:
        """Write how a claimed hand-over ended.

        Whoever held the claim knows best: this also overwrites `uncertain`, which another process may have concluded.
        Of a claim that another one has followed since, only an acceptance still counts.
        """
        words = Words(Source.SMTP, host, response)
        now = self._clock()
        with self._database.write() as connection:
            if state is State.ACCEPTED and rows.end_claim(
                connection, claim.number, claim.attempt, state, words=words, now=now
            ):
                return
            row = rows.row_numbered(connection, claim.number)
            if may_settle(State(row.state), state, holds_claim=row.attempts == claim.attempt):
                of_this_try = {"enclosed": dict(claim.enclosed)} if claim.enclosed else {}
                rows.move(connection, row, state, words=words, now=now, host=True, also=of_this_try)

    def not_sent(self, job: Letter, state: State, *, message_id: str, host: str = "", response: str = "") -> None:
        """Write that no message left: the server was away or said no to an address, or nobody was to be asked.

        A row that another try has claimed or settled meanwhile says more than this, and stays.
        """
        words = Words(Source.SMTP, host, response)
        now = self._clock()
        with self._database.write() as connection:
            if rows.begin(connection, job, state, message_id=message_id, words=words, now=now) is not None:
                return
            row = rows.row_that_is_there(connection, job)
            if _may_be_tried(row, job, resend=True):
                rows.retry(connection, row, job, state, message_id=message_id, words=words, now=now)

    def report(self, report: Report) -> Reported:
        """Take in what was reported of a letter after it was handed over: see `reports.py`."""
        with self._database.write() as connection:
            return apply(connection, report, now=self._clock())

    def find(self, job_id: str) -> Delivery | None:
        """What is known of the letter that this job tried last, or None."""
        with self._database.read() as connection:
            row = connection.execute(mail_deliveries.select().where(mail_deliveries.c.job_id == job_id)).first()
        return None if row is None else rows.delivery_in(row)

    def history(self, job_id: str) -> list[Line]:
        """All that was said of the letter that this job tried last, in order."""
        found = self.find(job_id)
        if found is None:
            return []
        with self._database.read() as connection:
            return rows.history_of(connection, found.number)

    def _must_conclude(self, row: DeliveryRow, *, resend: bool) -> bool:
        return row.state == State.HANDING_OVER or (resend and self._goes_once_more(row))

    def _conclude(self, connection: Connection, row: DeliveryRow, *, resend: bool) -> DeliveryRow:
        """A hand-over that is found open has left a doubt; a first doubt may be one that its kind's policy answers."""
        if row.state == State.HANDING_OVER:
            rows.move(connection, row, State.UNCERTAIN, words=_ABANDONED, now=self._clock())
            row = rows.row_numbered(connection, row.id)
        if resend and self._goes_once_more(row):
            allow_resend(connection, row)
            rows.note(connection, row.id, State.UNCERTAIN, words=_ONCE_MORE, now=self._clock())
            row = rows.row_numbered(connection, row.id)
        return row

    def _goes_once_more(self, row: DeliveryRow) -> bool:
        is_held = row.state == State.UNCERTAIN and not row.resend_allowed
        return is_held and resends(self._on_doubt, row.kind, doubts=row.doubts)


def allow_resend(connection: Connection, row: DeliveryRow) -> None:
    """The next try may claim this letter, in spite of its doubt."""
    allowed = mail_deliveries.update().where(mail_deliveries.c.id == row.id).values(resend_allowed=True)
    connection.execute(allowed)


def _end_of(row: DeliveryRow, job: Letter, *, resend: bool) -> Ended | None:
    if _may_be_tried(row, job, resend=resend):
        return None
    match State(row.state):
        case State.ACCEPTED | State.COMPLAINED:
            return AlreadyAccepted(row.host, Source(row.source), rows.enclosed_in(row))
        case State.BOUNCED:
            return AlreadyBounced(row.host, Source(row.source))
        case _:
            return Uncertain(row.host, rows.enclosed_in(row))


def _may_be_tried(row: DeliveryRow, job: Letter, *, resend: bool) -> bool:
    """A letter that was refused at once is tried again by its own job only: whoever requeued that removed the cause."""
    match State(row.state):
        case State.DEFERRED | State.SUPPRESSED:
            return True
        case State.UNCERTAIN:
            return resend and bool(row.resend_allowed)
        case State.BOUNCED:
            return (row.source, row.job_id) == (Source.SMTP, job.job_id)
        case _:
            return False
