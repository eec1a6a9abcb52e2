"""Signature requests and their events, short to say."""

from datetime import datetime, timedelta
from itertools import count

from buffrsign.jobs.requests import Event, OpenRequest, Person, Sender, Signer, SignerEvent
from buffrsign.requests import SignatureRequest, SignerProgress
from tests.support.clock import NOON

DOCUMENT = "doc_7"
AT_ANY_HOUR = {"quiet_from": "00:00", "quiet_until": "00:00"}
"""Of a policy: no quiet hours, for tests that wait for a reminder whatever the time is."""

_event_numbers = count(1)


def signer(name: str, *, order: int = 1, email: str | None = None) -> Signer:
    return Signer(recipient_id=name, email=email or f"{name}@example.com", name=name.title(), order=order)


def open_job(*signers: Signer, **fields: object) -> OpenRequest:
    asked = {"document_id": DOCUMENT, "document_title": "Service agreement", "sender": Sender("sender@example.com")}
    return OpenRequest(**{**asked, "signers": signers, **fields})  # type: ignore[arg-type]


def opened(*signers: Signer) -> SignatureRequest:
    """A request just opened, as the pure state machine takes it."""
    job = open_job(*signers)
    return SignatureRequest(
        document_id=job.document_id,
        document_title=job.document_title,
        sender=job.sender,
        message=job.message,
        expires_at=NOON + timedelta(days=30),
        reminders=job.reminders,
        opened_at=NOON,
        voided_at=None,
        signers=tuple(SignerProgress(each) for each in signers),
    )


def viewed(name: str, **fields: object) -> SignerEvent:
    return event(Event.VIEWED, recipient_id=name, **fields)


def signed(name: str, **fields: object) -> SignerEvent:
    return event(Event.SIGNED, recipient_id=name, **fields)


def declined(name: str, **fields: object) -> SignerEvent:
    return event(Event.DECLINED, recipient_id=name, **fields)


def voided(**fields: object) -> SignerEvent:
    return event(Event.VOIDED, **fields)


def extended(until: datetime) -> SignerEvent:
    return event(Event.EXTENDED, expires_at=until)


def reassigned(name: str, to: str, **fields: object) -> SignerEvent:
    """Somebody signs in the place of a signer from now on."""
    person = Person(recipient_id=to, email=f"{to}@example.com", name=to.title())
    return event(Event.REASSIGNED, recipient_id=name, **{"new_signer": person, **fields})


def event(kind: Event, **fields: object) -> SignerEvent:
    known = {"event_id": f"evt_{next(_event_numbers)}", "document_id": DOCUMENT, "occurred_at": NOON}
    return SignerEvent(**{**known, "event": kind, **fields})  # type: ignore[arg-type]
