"""The audit entries of letters: one for each letter, ending and source of it, with no name and no address."""

from datetime import datetime

from buffrsign.jobs.audit import RecordEvent, entry_id
from buffrsign.jobs.job import Key
from buffrsign.mail.rows import Delivery
from buffrsign.mail.states import Source, State

_ACTIONS = {
    State.ACCEPTED: "letter.accepted",
    State.BOUNCED: "letter.bounced",
    State.COMPLAINED: "letter.complained",
}


def entry_of(delivery: Delivery, *, now: datetime) -> RecordEvent | None:
    """What the ledger is to say of a letter as it stands; None while nothing is decided.

    The task that meets the letter again makes an entry of the same id, so there is one for what a report said.
    """
    action = _ACTIONS.get(delivery.state)
    if action is None:
        return None
    return RecordEvent(
        entry_id=id_of(action, delivery.kind, _key(delivery), source=delivery.source),
        action=action,
        occurred_at=now,
        document_id=delivery.document_id,
        details={
            "letter": delivery.kind,
            "round": delivery.round,
            "recipient_id": delivery.recipient_id,
            "host": delivery.host,
            **said_by(delivery.source),
            **({"status": delivery.status} if delivery.status else {}),
            **delivery.enclosed,
        },
    )


def id_of(action: str, kind: str, key: tuple[str | int, ...], *, source: Source = Source.SMTP) -> str:
    """The id of an entry: a letter may be refused in a session, accepted in a later one, and come back after that."""
    return entry_id(action, kind, *key, *said_by(source).values())


def said_by(source: Source) -> dict[str, str]:
    """Who says so, where it was not the mail server in the session."""
    return {} if source is Source.SMTP else {"said_by": source.value}


def _key(delivery: Delivery) -> tuple[str | int, ...]:
    if delivery.document_id is None:
        return (delivery.job_id,)
    return Key(delivery.document_id, delivery.recipient, delivery.round)
