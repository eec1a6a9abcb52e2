"""Signature requests in SQL: opened once, moved by signer events, and asked "is this signature still awaited?".

They outlive Redis on purpose: reminders run for weeks. Each call that writes is one transaction with the write lock,
so that of two signers who finish at once exactly one completes the request.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from buffrsign.core.clock import Clock, from_epoch_ms, to_epoch_ms
from buffrsign.core.sql import Database
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import Event, OpenRequest, Signer, SignerEvent
from buffrsign.requests import rows, state
from buffrsign.requests.outcomes import (
    AlreadyOpen,
    AlreadyRecorded,
    Awaited,
    EventClash,
    NotApplied,
    NotAwaited,
    Opened,
    Recorded,
    RequestUnknown,
    Unknown,
    WhyNotApplied,
)
from buffrsign.requests.reminders import Next, Notice, Told, next_letter, rounds
from buffrsign.requests.request import RequestState, SignatureRequest, SignerProgress


class SignatureRequests:
    """Every signature request of one database."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, job: OpenRequest) -> Opened | AlreadyOpen:
        """Open the document's one request; a second, whatever it asks for, changes nothing."""
        asked = _asked(job, opened_at=self._clock())
        with self._database.write() as connection:
            found = rows.load(connection, job.document_id)
            if found is not None:
                return AlreadyOpen(identical=_untouched(found, opened_at=asked.opened_at) == asked)
            rows.store(connection, asked)
        return Opened()

    def as_asked(self, job: OpenRequest) -> SignatureRequest:
        """The request that `open` would open."""
        return _asked(job, opened_at=self._clock())

    def record(self, event: SignerEvent) -> Recorded | AlreadyRecorded | NotApplied:
        """Add one event to the history and move the request by it.

        Exactly one event of a request is ever answered with `completed_now`, and each turn is begun by exactly one;
        a repeat of that event says so again, inside `AlreadyRecorded`. So a caller that acts on both, by keyed jobs,
        loses nothing to a crash after this call and does nothing twice.

        Raises:
            RequestUnknown: no request was opened for the document.
            SignerUnknown: the event names nobody who signs it.
            EventClash: the event's id belongs to another event of the document.
        """
        now = self._clock()
        with self._database.write() as connection:
            request = rows.load(connection, event.document_id)
            if request is None:
                raise RequestUnknown(event.document_id)
            earlier = rows.load_event(connection, event.document_id, event.event_id)
            if earlier is None:
                return _record_first(connection, event, request, now=now)
            same = (event.event, event.recipient_id, _new_recipient_id(event))
            if (earlier.event, earlier.recipient_id, earlier.new_recipient_id) != same:
                raise EventClash(event.document_id)
            others = rows.reassigned_after(connection, event.document_id, earlier.recorded_at)
            return AlreadyRecorded(_first_outcome(earlier, request, asked_otherwise=others, now=now))

    def plan_next(self, document_id: str, recipient: Recipient, *, tried: int = 0) -> Next | None:
        """What this signer hears next, and when; noted with the request, for those who ask what comes.

        `tried`: the round of a reminder that may have been told, and is not planned again.
        """
        with self._database.write() as connection:
            request = rows.load(connection, document_id)
            if request is None:
                return None
            return _plan_next(connection, request, recipient, tried, now=self._clock())

    def note_told(
        self, document_id: str, recipient: Recipient, *, letter: Told, round_: int, tried: int = 0
    ) -> tuple[Next, SignatureRequest] | None:
        """Note that a mail server took this letter to a signer of the document; a repeat notes nothing more.

        In the same transaction, as `plan_next`: what comes next, and the request that it is for.
        """
        now = self._clock()
        with self._database.write() as connection:
            request = rows.load(connection, document_id)
            if request is None:
                return None
            _note_told(connection, request, recipient, letter, round_, now=now)
            following = _plan_next(connection, request, recipient, tried, now=now)
        return (following, request) if following else None

    def rounds_told(self, document_id: str, recipient: Recipient, letter: Told) -> int:
        """The latest round of this letter that this signer was told; 0 before the first."""
        request, notices = self.find(document_id), self.notices(document_id)
        theirs = () if request is None else state.signers_of(request, recipient)
        return max((rounds(notices, signer.recipient_id, letter) for signer in theirs), default=0)

    def signers_of(self, request: SignatureRequest, recipient: Recipient) -> tuple[Signer, ...]:
        """The signers of a request that this person is."""
        return state.signers_of(request, recipient)

    def notices(self, document_id: str) -> tuple[Notice, ...]:
        """Who was told what of this document, and when, the oldest first."""
        with self._database.read() as connection:
            return rows.load_notices(connection, document_id)

    def planned(self, document_id: str) -> Mapping[str, Next]:
        """What each signer hears next, by `recipient_id`, as it was planned last; it may be pointless by now."""
        with self._database.read() as connection:
            return rows.load_next(connection, document_id)

    def awaits(self, document_id: str | None, recipient: Recipient) -> Awaited | NotAwaited | Unknown:
        """Whether this person's signature on this document is awaited now."""
        request = None if document_id is None else self.find(document_id)
        if request is None:
            return Unknown()
        return state.awaits(request, recipient, now=self._clock())

    def signers_to_ask(self, document_id: str) -> tuple[Signer, ...]:
        """Exactly those whose signature is awaited now; nobody when there is no request."""
        request = self.find(document_id)
        return () if request is None else state.to_ask(request, now=self._clock())

    def find(self, document_id: str) -> SignatureRequest | None:
        """The document's request, if one was opened."""
        with self._database.read() as connection:
            return rows.load(connection, document_id)


def _note_told(
    connection: Connection, request: SignatureRequest, recipient: Recipient, letter: Told, round_: int, *, now: datetime
) -> None:
    for signer in state.signers_of(request, recipient):
        rows.store_notice(connection, request.document_id, Notice(signer.recipient_id, letter, round_, now))


def _plan_next(
    connection: Connection, request: SignatureRequest, recipient: Recipient, tried: int, *, now: datetime
) -> Next | None:
    signer = next(iter(state.signers_of(request, recipient)), None)
    if signer is None:
        return None
    notices = rows.load_notices(connection, request.document_id)
    following = next_letter(request, signer, notices, now=now, tried=tried)
    rows.store_next(connection, request.document_id, signer, following)
    return following


def _asked(job: OpenRequest, *, opened_at: datetime) -> SignatureRequest:
    # Cut to the milliseconds that the database keeps: an identical repeat must compare as equal.
    expires_at = None if job.expires_at is None else from_epoch_ms(to_epoch_ms(job.expires_at))
    return SignatureRequest(
        document_id=job.document_id,
        document_title=job.document_title,
        sender=job.sender,
        message=job.message,
        expires_at=expires_at,
        reminders=job.reminders,
        opened_at=opened_at,
        voided_at=None,
        signers=tuple(SignerProgress(signer) for signer in job.signers),
        wordings=job.wordings,
    )


def _untouched(request: SignatureRequest, *, opened_at: datetime) -> SignatureRequest:
    signers = tuple(SignerProgress(each.signer) for each in request.signers if each.in_place_of is None)
    return replace(request, opened_at=opened_at, voided_at=None, signers=signers, expiries=0)


def _record_first(
    connection: Connection, event: SignerEvent, request: SignatureRequest, *, now: datetime
) -> Recorded | NotApplied:
    outcome: Recorded | NotApplied
    moved = state.apply(request, event)
    if isinstance(moved, NotApplied):
        outcome = moved
    elif letter := _LETTER_ASKED_FOR.get(event.event):
        outcome = _asked_by_hand(connection, event, request, letter, now=now)
    else:
        outcome = _outcome(request, moved, now=now)
        if event.event is Event.EXTENDED and outcome.next_signers:
            moved = replace(moved, expiries=request.expiries + 1)
            outcome = replace(outcome, round=_round_to_ask_again(connection, request, outcome.next_signers))
        rows.store_move(connection, request, moved)
    rows.store_event(connection, _event_row(event, outcome, recorded_at=now))
    return outcome


def _asked_by_hand(
    connection: Connection, event: SignerEvent, request: SignatureRequest, letter: Told, *, now: datetime
) -> Recorded | NotApplied:
    """The next round of this letter: it counts among the reminders, and may not be asked for too often."""
    signer = next(each.signer for each in request.signers if each.signer.recipient_id == event.recipient_id)
    asked_before = rows.last_asked_by_hand(connection, request.document_id, signer, set(_LETTER_ASKED_FOR))
    if asked_before is not None and now - asked_before < request.reminders.asked_every:
        return NotApplied(WhyNotApplied.TOO_SOON)
    told = rounds(rows.load_notices(connection, request.document_id), signer.recipient_id, letter)
    if letter is Told.REMINDER and told >= request.reminders.at_most:
        return NotApplied(WhyNotApplied.NO_REMINDER_LEFT)
    return Recorded(asked_for=signer, round=told + 1)


def _round_to_ask_again(connection: Connection, request: SignatureRequest, signers: Iterable[Signer]) -> int | None:
    """One round for all whose time had run out, which nobody of them was told yet; None where nobody was told any."""
    notices = rows.load_notices(connection, request.document_id)
    told = max(rounds(notices, signer.recipient_id, Told.REQUEST) for signer in signers)
    return told + 1 if told else None


_LETTER_ASKED_FOR = {Event.REMIND_NOW: Told.REMINDER, Event.NOT_RECEIVED: Told.REQUEST}


def _outcome(before: SignatureRequest, after: SignatureRequest, *, now: datetime) -> Recorded:
    asked_before = state.to_ask(before, now=now)
    return Recorded(
        completed_now=after.state is RequestState.COMPLETED and before.state is not RequestState.COMPLETED,
        next_signers=tuple(signer for signer in state.to_ask(after, now=now) if signer not in asked_before),
    )


def _event_row(event: SignerEvent, outcome: Recorded | NotApplied, *, recorded_at: datetime) -> dict[str, object]:
    recorded = outcome if isinstance(outcome, Recorded) else Recorded()
    return {
        "document_id": event.document_id,
        "event_id": event.event_id,
        "recipient_id": event.recipient_id,
        "event": event.event,
        "occurred_at": event.occurred_at,
        "recorded_at": recorded_at,
        "not_applied": outcome.reason if isinstance(outcome, NotApplied) else None,
        "completed_request": recorded.completed_now,
        "began_turn": recorded.next_signers[0].order if recorded.next_signers else None,
        "round": recorded.round,
        "new_recipient_id": _new_recipient_id(event),
    }


def _new_recipient_id(event: SignerEvent) -> str | None:
    return None if event.new_signer is None else event.new_signer.recipient_id


def _first_outcome(
    row: Row[Any], request: SignatureRequest, *, asked_otherwise: Collection[str], now: datetime
) -> Recorded | NotApplied:
    if row.not_applied is not None:
        return NotApplied(WhyNotApplied(row.not_applied))
    still_to_ask = state.to_ask(request, now=now)
    began_turn = [
        signer
        for signer in still_to_ask
        if signer.order == row.began_turn and row.new_recipient_id in {None, signer.recipient_id}
    ]
    by_hand = row.event in _LETTER_ASKED_FOR
    asked_for = [signer for signer in still_to_ask if by_hand and signer.recipient_id == row.recipient_id]
    return Recorded(
        completed_now=row.completed_request,
        next_signers=tuple(signer for signer in began_turn if signer.recipient_id not in asked_otherwise),
        asked_for=asked_for[0] if asked_for else None,
        round=row.round,
    )
