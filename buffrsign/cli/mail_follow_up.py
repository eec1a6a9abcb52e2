"""What follows when somebody knows what became of a letter: its audit entry, and its job, which waits as a dead letter.

An uncertain letter's job is kept as a dead letter, because the letter's words are only in there. Once the record says
more, the job is sent back, and ends as the record says, without a letter: so whatever follows an end follows here too.
"""

from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.core.clock import utc_now
from buffrsign.mail.entries import entry_of
from buffrsign.mail.rows import Delivery
from buffrsign.producer import Producer


def follow_up(delivery: Delivery, *, producer: Producer, dead_letters: DeadLetters) -> None:
    """Enqueue the entry, and bring back the job if its letter is a dead one for its doubt. Safe to repeat."""
    entry = entry_of(delivery, now=utc_now())
    if entry is not None:
        producer.enqueue(entry)
    dead = dead_letters.find(delivery.job_id)
    if dead is not None and dead.reason is Reason.UNCERTAIN:
        dead_letters.requeue([delivery.job_id])
