"""Looking at what waits in a queue, without taking it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from buffrsign.broker import keys
from buffrsign.broker.bodies import read_body
from buffrsign.broker.books import Leased
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.messages import Unreadable, read
from buffrsign.broker.records import read_fields
from buffrsign.core.clock import from_epoch_ms
from buffrsign.core.errors import BuffrSignError
from buffrsign.crypto import Cipher
from buffrsign.jobs import Job, decode

if TYPE_CHECKING:
    from redis import Redis


@dataclass(frozen=True)
class Waiting:
    """One message in a queue. `job` is None where no contract or key here reads it, `job_id` where it is unreadable.

    `enqueued_at` is None where the job has no record yet, as one of a stock producer's.
    """

    job_id: str | None
    kind: str
    enqueued_at: datetime | None
    job: Job | None


def peek(client: "Redis", queue: str, n: int, cipher: Cipher | None = None) -> list[Waiting]:
    """The next n messages of a queue, in the order in which they are taken. Costs n messages on the way here."""
    with client.pipeline(transaction=False) as pipe:
        pipe.zrange(keys.suspects(queue), 0, n - 1)
        for ready in keys.ready_lists(queue):
            pipe.lrange(ready, -n, -1)
        suspects, *lists = pipe.execute()
    messages = [*suspects, *(message for each in lists for message in reversed(each))][:n]
    read_ones = [_read(queue, message, cipher) for message in messages]
    times = read_fields(client, [job_id or "" for job_id, _kind, _job in read_ones], ["enqueued_at"])
    return [
        Waiting(job_id, kind, from_epoch_ms(int(ms)) if ms else None, job)
        for (job_id, kind, job), [ms] in zip(read_ones, times, strict=True)
    ]


def _read(queue: str, raw: bytes, cipher: Cipher | None) -> tuple[str | None, str, Job | None]:
    message = read(Leased("", queue, raw, alone=False))
    body = message if isinstance(message, Unreadable) else read_body(message, cipher)
    if isinstance(message, Unreadable):
        return None, "unknown", None
    if isinstance(body, Unreadable):
        is_private = body.reason is Reason.PAYLOAD_UNREADABLE
        return (message.job_id, message.kind, None) if is_private else (None, "unknown", None)
    try:
        return message.job_id, message.kind, decode(message.kind, body.payload, job_id=message.job_id)
    except BuffrSignError:
        return message.job_id, message.kind, None
