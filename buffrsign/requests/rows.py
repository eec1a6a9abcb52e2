"""How signature requests lie in their tables: read whole, written piece by piece, in the caller's transaction."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from buffrsign.jobs.requests import ReminderPolicy, Sender, Signer
from buffrsign.requests.request import SignatureRequest, SignerProgress, SignerState
from buffrsign.requests.tables import requests, signer_events, signers


def load(connection: Connection, document_id: str) -> SignatureRequest | None:
    """The document's request with its signers as they are now."""
    row = connection.execute(select(requests).where(requests.c.document_id == document_id)).one_or_none()
    if row is None:
        return None
    theirs = select(signers).where(signers.c.document_id == document_id).order_by(signers.c.position)
    return SignatureRequest(
        document_id=row.document_id,
        document_title=row.document_title,
        sender=Sender(email=row.sender_email, name=row.sender_name, locale=row.sender_locale),
        message=row.message,
        expires_at=row.expires_at,
        reminders=msgspec.convert(row.reminders, ReminderPolicy),
        opened_at=row.opened_at,
        voided_at=row.voided_at,
        signers=tuple(_progress(signer) for signer in connection.execute(theirs)),
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
        )
    )
    rows = [_signer_row(request.document_id, place, each) for place, each in enumerate(request.signers)]
    connection.execute(insert(signers), rows)


def store_move(connection: Connection, before: SignatureRequest, after: SignatureRequest) -> None:
    """Write what one event changed."""
    if after.voided_at != before.voided_at:
        of_request = requests.c.document_id == after.document_id
        connection.execute(update(requests).where(of_request).values(voided_at=after.voided_at))
    for progress in set(after.signers) - set(before.signers):
        of_signer = (
            signers.c.document_id == after.document_id,
            signers.c.recipient_id == progress.signer.recipient_id,
        )
        moved = {"state": progress.state, "decided_at": progress.decided_at}
        connection.execute(update(signers).where(*of_signer).values(moved))


def load_event(connection: Connection, document_id: str, event_id: str) -> Row[Any] | None:
    """The recorded event of this id, as its row."""
    wanted = (signer_events.c.document_id == document_id, signer_events.c.event_id == event_id)
    return connection.execute(select(signer_events).where(*wanted)).one_or_none()


def store_event(connection: Connection, row: Mapping[str, object]) -> None:
    """Add one event to the history."""
    connection.execute(insert(signer_events).values(row))


def _progress(row: Row[Any]) -> SignerProgress:
    signer = Signer(
        recipient_id=row.recipient_id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        time_zone=row.time_zone,
        order=row.signing_order,
    )
    return SignerProgress(signer, SignerState(row.state), row.decided_at)


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
    }
