"""What follows when somebody knows what became of a letter: its audit entry, a word to the sender, and its job.

An uncertain letter's job is kept as a dead letter, because the letter's words are only in there. Once the record says
more, the job is sent back, and ends as the record says, without a letter: so whatever follows an end follows here too.
"""

from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.core.clock import utc_now
from buffrsign.core.sql import Database
from buffrsign.jobs.email import DeliveryFailedEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.entries import entry_of
from buffrsign.mail.rows import Delivery
from buffrsign.mail.states import State, why_unreached
from buffrsign.producer import Producer
from buffrsign.requests import SignatureRequests, delivery_failed


def follow_up(delivery: Delivery, *, database: Database, producer: Producer, dead_letters: DeadLetters) -> None:
    """Enqueue the entry, tell the sender of a bounce, and bring back the job of a doubt. Safe to repeat."""
    entry = entry_of(delivery, now=utc_now())
    if entry is not None:
        producer.enqueue(entry)
    told = _to_the_sender(delivery, database)
    if told is not None:
        producer.enqueue(told)
    dead = dead_letters.find(delivery.job_id)
    if dead is not None and dead.reason is Reason.UNCERTAIN:
        dead_letters.requeue([delivery.job_id])


def _to_the_sender(delivery: Delivery, database: Database) -> DeliveryFailedEmail | None:
    if delivery.state is not State.BOUNCED or delivery.kind == DeliveryFailedEmail.kind or not delivery.document_id:
        return None
    request = SignatureRequests(database, clock=utc_now).find(delivery.document_id)
    if request is None:
        return None
    why = why_unreached(f"{delivery.status} {delivery.response}")
    unreached = Recipient(delivery.address, recipient_id=delivery.recipient_id)
    return delivery_failed(request, unreached, why=why, round_=delivery.round)
