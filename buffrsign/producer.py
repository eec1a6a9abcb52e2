"""The thin producer: other services import it to enqueue jobs in one line.

    producer = Producer("redis://broker.internal:6379/0", key_secret=…)  # one per process
    handle = producer.enqueue(SignatureRequestEmail(…), delay=timedelta(minutes=5))
    producer.cancel(handle.job_id)  # True while it still waits
    enqueued = producer.enqueue_many(letters)  # all of them are checked before the first is sent

It validates the job, and then accepts it in one atomic step: the record, and the message in its queue or in the
schedule. Enqueueing the same job id, or a job with the same key, again changes nothing and says `duplicate`.
`async_producer.py` has the same for asyncio.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

from buffrsign.broker import keys
from buffrsign.broker.bulk import Answer, BulkInterrupted, Enqueued
from buffrsign.broker.connection import connect
from buffrsign.broker.enqueueing import (
    MAX_PAYLOAD_BYTES,
    MAX_READY,
    BulkRefused,
    Enqueueing,
    Sending,
    payload_of,
)
from buffrsign.broker.records import JobStatus, read_status, read_statuses
from buffrsign.broker.results import await_result
from buffrsign.broker.terms import (
    MAX_DELAY,
    BulkTerms,
    EnqueueRefused,
    JobTerms,
    QueueFull,
    delay_of,
    read_terms,
    when,
)
from buffrsign.broker.unavailable import BrokerUnavailable, ask
from buffrsign.broker.wire import Wire
from buffrsign.core.clock import Clock, utc_now
from buffrsign.crypto import Cipher
from buffrsign.jobs import Job
from buffrsign.jobs.loose import job_from

if TYPE_CHECKING:
    from redis import Redis

__all__ = [
    "MAX_DELAY",
    "MAX_PAYLOAD_BYTES",
    "Answer",
    "BrokerUnavailable",
    "BulkInterrupted",
    "BulkRefused",
    "EnqueueRefused",
    "Enqueued",
    "Handle",
    "Producer",
    "QueueFull",
    "connect",
    "payload_of",
]


@dataclass(frozen=True)
class Handle:
    """A job that the broker holds. `duplicate`: it was there before, and this call changed nothing."""

    job_id: str
    duplicate: bool
    producer: "Producer"

    def status(self) -> JobStatus | None:
        """As `Producer.status`."""
        return self.producer.status(self.job_id)

    def result(self, *, timeout: float) -> dict[str, Any]:
        """As `Producer.result`."""
        return self.producer.result(self.job_id, timeout=timeout)

    def cancel(self, *, running: bool = False) -> bool:
        """As `Producer.cancel`."""
        return self.producer.cancel(self.job_id, running=running)


class Producer:
    """Enqueues jobs on one broker. Safe to share between threads; make a new one after a fork."""

    def __init__(
        self,
        url: str,
        *,
        key_secret: str | None = None,
        cipher: Cipher | None = None,
        allow_plain_payloads: bool = False,
        max_ready: int = MAX_READY,
        client: "Redis | None" = None,
        clock: Clock = utc_now,
    ) -> None:
        """Connect lazily to a `redis://`, `rediss://` or `sentinel://` URL; see `buffrsign/broker/address.py`.

        `key_secret` hashes job keys and is the same for all producers of a broker; without it, only a broker on
        loopback is accepted. `cipher` makes payloads private (`buffrsign/crypto.py`); it is as needed, unless
        `allow_plain_payloads` says that whoever can read the broker may read them. `max_ready` bounds the jobs that are
        ready in one queue. `clock` only tells whether an `at=` is too far away; when a job is due, the broker says.

        Raises:
            AddressRefused: the URL names no server.
            EnqueueRefused: there is no key secret, or no cipher, and the broker is not on loopback.
        """
        self._enqueueing = Enqueueing(
            url,
            key_secret=key_secret,
            cipher=cipher,
            allow_plain_payloads=allow_plain_payloads,
            max_ready=max_ready,
        )
        self._client = client or connect(url)
        self._wire = Wire(self._client)
        self._clock = clock

    def enqueue(self, job: Job, **terms: Unpack[JobTerms]) -> Handle:
        """Accept one job now, after a `delay`, or `at` a time (aware; a past one means now).

        `expires`: so long after its time it is not started any more. `missed`: what follows when nothing could start it
        in the minute after its time; jobs of one `series` stand for each other. `keep_result` keeps what the task
        returns for 24 hours, for `result`. `key_window`: how long after `done` a job with the same key is a duplicate.
        `tick_of` is for periodic work. `tenant` is the id of the customer that the job is for: tenants take turns,
        whatever one of them has waiting. `priority`: less urgent ones wait for the others. `limited_by` names a limit
        that the job is under besides those of its kind and its tenant, as `provider:gmail` (`broker/fleet_limits.py`).

        Raises:
            PayloadRefused: a field does not fit the contract; the message names it.
            EnqueueRefused: the payload is over 64 KiB, the time makes no sense, a tenant or limit is no id, or the key
                secret is another's.
            QueueFull: so many jobs are ready in its queue that another would only wait.
            BrokerUnavailable: no answer, or the broker is full; enqueueing the same job again is safe.
        """
        arguments = self._enqueueing.one(job, read_terms(self._clock, **terms))
        accepted = self._enqueueing.read_one(job, ask(self._wire.call, "publish", arguments))
        return Handle(accepted.job_id, duplicate=accepted.duplicate, producer=self)

    def enqueue_many(self, jobs: Iterable[Job], **terms: Unpack[BulkTerms]) -> Enqueued:
        """Accept all of these on the same terms, each as `enqueue` does, and say what became of each.

        All are checked before the first is sent. Then they go in chunks of at most 256, each of which is accepted whole
        or not at all; jobs of one queue keep their order. Each costs some 10 µs, and its size and 300 bytes of memory
        until the end, so a bulk of millions is better enqueued in parts.

        Raises:
            BulkRefused: a job does not fit its contract or is too large; nothing was published. It names the position.
            EnqueueRefused: the time makes no sense, or the key secret is another's; nothing was published.
            QueueFull: so many jobs are ready in a queue that the first chunk would only wait; nothing was published.
            BulkInterrupted: the broker took a part, or did not answer. `enqueued` in it says what is known of each job;
                enqueueing the same jobs again is safe.
        """
        from redis.exceptions import RedisError  # noqa: PLC0415 - see `connection.py`

        sending = Sending(self._enqueueing, jobs, read_terms(self._clock, **terms))
        try:
            for reply in self._wire.stream("publish_many", sending.calls()):
                sending.note(reply)
        except RedisError as error:
            sending.break_off(error)
        return sending.outcome()

    def add_job(self, queue: str, payload: Mapping[str, Any], delay_s: float = 0) -> Handle:
        """Accept a job in the loose form of the platform's older services: `{"type": "signature_request", …}`.

        Raises:
            LooseJobRefused: the queue or the type is unknown; the message lists those that exist.
            PayloadRefused: a field is missing, unknown, or does not fit.
        """
        return self.enqueue(job_from(queue, payload), delay=delay_of(delay_s))

    def cancel(self, job_id: str, *, running: bool = False) -> bool:
        """Take back a job that has not started: True if it was still waiting.

        `running` also asks one that runs to stop: True if it will be told. Its task stops where it reports progress;
        a worker with child processes ends it in any case, some seconds later. The wish survives the worker.
        """
        reply: bytes = ask(self._wire.call, "cancel", [job_id, "1" if running else "0"])
        return reply != b""

    def reschedule(self, job_id: str, *, delay: timedelta | None = None, at: datetime | None = None) -> bool:
        """Move a job that waits for its time to another: True if it was still waiting.

        Raises:
            EnqueueRefused: the time makes no sense.
        """
        return bool(ask(self._wire.call, "reschedule", [job_id, *when(delay, at, now=self._clock())]))

    def run_now(self, job_id: str) -> bool:
        """Start a job that waits for its time as soon as a worker is free: True if it was still waiting."""
        return self.reschedule(job_id, delay=timedelta(0))

    def status(self, job_id: str) -> JobStatus | None:
        """What the broker knows of a job; None when it is unknown, or was forgotten a day after its end."""
        return ask(read_status, self._client, job_id)

    def statuses(self, job_ids: Sequence[str]) -> list[JobStatus | None]:
        """As `status`, for each of these, in one round trip."""
        return ask(read_statuses, self._client, job_ids)

    def result(self, job_id: str, *, timeout: float) -> dict[str, Any]:
        """Wait at most `timeout` seconds for what the task returned.

        Raises:
            ResultNotKept: it was not enqueued with `keep_result=True`, or its day is over.
            JobFailed: it became a dead letter, or was cancelled; `state` and `error` say which and why.
            TimeoutError: it has not ended yet.
        """
        return ask(await_result, self._client, job_id, timeout_s=timeout)

    def require_same_secret(self) -> None:
        """Make sure that the broker's keyed jobs were hashed with this producer's secret, if there are any yet.

        Raises:
            EnqueueRefused: they were hashed with another.
            BrokerUnavailable: no answer.
        """
        known: Any = ask(self._client.get, keys.KEY_SECRET_FINGERPRINT)
        self._enqueueing.require_same_secret(known)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()
