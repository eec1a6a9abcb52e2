"""How signature requests lie in their tables: read whole, written piece by piece, in the caller's transaction.

What every letter asks is said by statements that are built once: building one costs more than carrying it out.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from buffrsign.jobs.requests import Event, ReminderPolicy, Sender, Signer, Wordings
from buffrsign.requests.reminders import Next, Notice, Told
from buffrsign.requests.request import SignatureRequest, SignerProgress, SignerState
from buffrsign.requests.tables import notices, requests, signer_events, signers

_DOCUMENT: BindParameter[str] = bindparam("of_document")
_REQUEST = select(requests).where(requests.c.document_id == _DOCUMENT)
_SIGNERS = select(signers).where(signers.c.document_id == _DOCUMENT).order_by(signers.c.position)
_NOTICES = select(notices).where(notices.c.document_id == _DOCUMENT).order_by(notices.c.told_at)
_TELL = {
    "postgresql": postgresql.insert(notices).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(notices).on_conflict_do_nothing(),
}
_PLAN = update(signers).where(
    signers.c.document_id == _DOCUMENT,
    signers.c.recipient_id == bindparam("of_signer"),
)


def load(connection: Connection, document_id: str) -> SignatureRequest | None:
    """The document's request with its signers as they are now."""
    named = {"of_document": document_id}
    row = connection.execute(_REQUEST, named).one_or_none()
    if row is None:
        return None
    return SignatureRequest(
        document_id=row.document_id,
        document_title=row.document_title,
        sender=Sender(email=row.sender_email, name=row.sender_name, locale=row.sender_locale),
        message=row.message,
        expires_at=row.expires_at,
        reminders=msgspec.convert(row.reminders, ReminderPolicy),
        opened_at=row.opened_at,
        voided_at=row.voided_at,
        signers=tuple(_progress(signer) for signer in connection.execute(_SIGNERS, named)),
        wordings=msgspec.convert(row.wordings or {}, Wordings),
        expiries=row.expiries or 0,
    )


def store(connection: Connection, request: SignatureRequest) -> None:
    """Write a request that is not there yet."""
    connection.execute(
        insert(requests).values(
            document_id=request.document_id,
            document_title=request.document_title,
            sender_email=request.sender.email,
            sender_name=request.sender.name,
            sender_locale=request.sender.locale,
            message=request.message,
            expires_at=request.expires_at,
            reminders=msgspec.to_builtins(request.reminders),
            opened_at=request.opened_at,
            voided_at=request.voided_at,
            wordings=msgspec.to_builtins(request.wordings),
            expiries=request.expiries,
        )
    )
    rows = [_signer_row(request.document_id, place, each) for place, each in enumerate(request.signers)]
    connection.execute(insert(signers), rows)


def store_move(connection: Connection, before: SignatureRequest, after: SignatureRequest) -> None:
    """Write what one event changed."""
    if (after.voided_at, after.expires_at) != (before.voided_at, before.expires_at):
        of_request = requests.c.document_id == after.document_id
        moved = {"voided_at": after.voided_at, "expires_at": after.expires_at, "expiries": after.expiries}
        connection.execute(update(requests).where(of_request).values(moved))
    for progress in set(after.signers) - set(before.signers):
        of_signer = (
            signers.c.document_id == after.document_id,
            signers.c.recipient_id == progress.signer.recipient_id,
        )
        decided = {"state": progress.state, "decided_at": progress.decided_at}
        connection.execute(update(signers).where(*of_signer).values(decided))
    known = {progress.signer.recipient_id for progress in before.signers}
    for place, progress in enumerate(after.signers):
        if progress.signer.recipient_id not in known:
            _insert_signer(connection, after.document_id, place, progress)


def load_event(connection: Connection, document_id: str, event_id: str) -> Row[Any] | None:
    """The recorded event of this id, as its row."""
    wanted = (signer_events.c.document_id == document_id, signer_events.c.event_id == event_id)
    return connection.execute(select(signer_events).where(*wanted)).one_or_none()


def store_event(connection: Connection, row: Mapping[str, object]) -> None:
    """Add one event to the history."""
    connection.execute(insert(signer_events).values(row))


def last_asked_by_hand(
    connection: Connection, document_id: str, signer: Signer, events: Collection[Event]
) -> datetime | None:
    """When one of these events was last recorded of this signer, and moved something."""
    wanted = (
        signer_events.c.document_id == document_id,
        signer_events.c.recipient_id == signer.recipient_id,
        signer_events.c.event.in_(events),
        signer_events.c.not_applied.is_(None),
    )
    newest = select(signer_events.c.recorded_at).where(*wanted).order_by(signer_events.c.recorded_at.desc()).limit(1)
    return connection.scalar(newest)


def reassigned_after(connection: Connection, document_id: str, moment: datetime) -> set[str]:
    """Who took somebody's place later than this: their own event brings them their letter."""
    later = (
        signer_events.c.document_id == document_id,
        signer_events.c.event == Event.REASSIGNED,
        signer_events.c.not_applied.is_(None),
        signer_events.c.recorded_at > moment,
    )
    return set(connection.scalars(select(signer_events.c.new_recipient_id).where(*later)))


def load_notices(connection: Connection, document_id: str) -> tuple[Notice, ...]:
    """Who was told what of this document, the oldest first."""
    found = connection.execute(_NOTICES, {"of_document": document_id})
    return tuple(Notice(row.recipient_id, row.letter, row.round, row.told_at) for row in found)


def store_notice(connection: Connection, document_id: str, notice: Notice) -> None:
    """Write that somebody was told, unless that is written."""
    connection.execute(
        _TELL[connection.dialect.name],
        {
            "document_id": document_id,
            "recipient_id": notice.recipient_id,
            "letter": notice.letter,
            "round": notice.round,
            "told_at": notice.told_at,
        },
    )


def load_next(connection: Connection, document_id: str) -> dict[str, Next]:
    """What each signer hears next, by `recipient_id`."""
    planned = select(signers).where(signers.c.document_id == document_id, signers.c.next_at.is_not(None))
    return {
        row.recipient_id: Next(Told(row.next_letter), row.next_round, row.next_at)
        for row in connection.execute(planned)
    }


def store_next(connection: Connection, document_id: str, signer: Signer, following: Next | None) -> None:
    """Write what this signer hears next."""
    planned = {
        "of_document": document_id,
        "of_signer": signer.recipient_id,
        "next_letter": following and following.letter,
        "next_round": following and following.round,
        "next_at": following and following.at,
    }
    connection.execute(_PLAN, planned)


def _progress(row: Row[Any]) -> SignerProgress:
    signer = Signer(
        recipient_id=row.recipient_id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        time_zone=row.time_zone,
        order=row.signing_order,
    )
    return SignerProgress(signer, SignerState(row.state), row.decided_at, row.in_place_of)


def _insert_signer(connection: Connection, document_id: str, place: int, progress: SignerProgress) -> None:
    behind = (signers.c.document_id == document_id, signers.c.position >= place)
    connection.execute(update(signers).where(*behind).values(position=signers.c.position + 1))
    connection.execute(insert(signers).values(_signer_row(document_id, place, progress)))


def _signer_row(document_id: str, position: int, progress: SignerProgress) -> dict[str, object]:
    signer = progress.signer
    return {
        "document_id": document_id,
        "recipient_id": signer.recipient_id,
        "position": position,
        "email": signer.email,
        "name": signer.name,
        "locale": signer.locale,
        "time_zone": signer.time_zone,
        "signing_order": signer.order,
        "state": progress.state,
        "decided_at": progress.decided_at,
        "in_place_of": progress.in_place_of,
    }
