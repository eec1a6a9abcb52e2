"""The audit entries of letters: one for each letter and ending, whoever tells it first, with no name and no address."""

from datetime import datetime

from buffrsign.jobs.audit import RecordEvent, entry_id
from buffrsign.jobs.fields import Fact
from buffrsign.jobs.job import Key
from buffrsign.mail.rows import Delivery
from buffrsign.mail.states import Source, State

_ACTIONS = {
    State.ACCEPTED: "letter.accepted",
    State.BOUNCED: "letter.bounced",
    State.COMPLAINED: "letter.complained",
    State.UNCERTAIN: "letter.uncertain",
    State.SUPPRESSED: "letter.suppressed",
}


def entry_of(delivery: Delivery, *, now: datetime) -> RecordEvent | None:
    """What the ledger is to say of a letter as it stands; None while nothing is decided.

    The entry's id is the one that `tasks/email.py` gives it, so the two never make two entries of one ending.
    """
    action = _ACTIONS.get(delivery.state)
    if action is None:
        return None
    return RecordEvent(
        entry_id=entry_id(action, delivery.kind, *_key(delivery)),
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
        },
    )


def said_by(source: Source) -> dict[str, Fact]:
    """Who says so, where it was not the mail server in the session."""
    return {} if source is Source.SMTP else {"said_by": source.value}


def _key(delivery: Delivery) -> tuple[str | int, ...]:
    if delivery.document_id is None:
        return (delivery.job_id,)
    return Key(delivery.document_id, delivery.recipient, delivery.round)
