"""The thin producer: other services import it to enqueue jobs in one line.

    producer = Producer("redis://broker.internal:6379/0", key_secret=…)  # one per process
    handle = producer.enqueue(SignatureRequestEmail(…), delay=timedelta(minutes=5))
    producer.cancel(handle.job_id)  # True while it still waits

It validates the job, and then accepts it in one atomic step: the record, and the message in its queue or in the
schedule. Enqueueing the same job id, or a job with the same key, again changes nothing and says `duplicate`.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.connection import connect, is_on_loopback
from buffrsign.broker.envelope import first_message
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.records import JobStatus, read_status
from buffrsign.broker.results import await_result
from buffrsign.broker.scripts import script
from buffrsign.broker.ticks import TickOf
from buffrsign.broker.unavailable import BrokerUnavailable, ask
from buffrsign.core.clock import Clock, to_epoch_ms, utc_now
from buffrsign.core.errors import Permanent
from buffrsign.jobs import Job, decode, encode
from buffrsign.jobs.loose import job_from
from buffrsign.jobs.missed import Missed

if TYPE_CHECKING:
    from redis import Redis

__all__ = [
    "BrokerUnavailable",
    "EnqueueRefused",
    "Handle",
    "Producer",
    "QueueFull",
    "connect",
]

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_READY = 1_000_000
MAX_DELAY = timedelta(days=366 * 5)
DEVELOPMENT_KEY_SECRET = "buffrsign-development"  # noqa: S105 - only ever used on loopback
_KEYED_OTHERWISE = (
    "this producer's key secret is not the one that this broker's jobs were keyed with; "
    "give all producers the same BUFFRSIGN_JOB_KEY_SECRET"
)


class QueueFull(BrokerUnavailable):
    """Its queue has as many ready jobs as are allowed; nothing was published."""


class EnqueueRefused(Permanent):
    """The job or the call is not acceptable; nothing was published."""


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
        max_ready: int = MAX_READY,
        client: "Redis | None" = None,
        clock: Clock = utc_now,
    ) -> None:
        """Connect lazily to a `redis://`, `rediss://` or `sentinel://` URL; see `buffrsign/broker/address.py`.

        `key_secret` hashes job keys and is the same for all producers of a broker; without it, only a broker on
        loopback is accepted. `max_ready` bounds the jobs that are ready in one queue. `clock` only tells whether an
        `at=` is too far away; when a job is due, the broker says.

        Raises:
            AddressRefused: the URL names no server.
            EnqueueRefused: there is no key secret and the broker is not on loopback.
        """
        if not key_secret and not is_on_loopback(url):
            raise EnqueueRefused(
                "a broker that is not on loopback needs key_secret=, the same for all its producers "
                "(BUFFRSIGN_JOB_KEY_SECRET)"
            )
        self._secret = (key_secret or DEVELOPMENT_KEY_SECRET).encode()
        self._client = client or connect(url)
        self._clock = clock
        self._max_ready = max_ready
        self._publish = script(self._client, "publish")
        self._cancel = script(self._client, "cancel")
        self._reschedule = script(self._client, "reschedule")

    def enqueue(
        self,
        job: Job,
        *,
        delay: timedelta | None = None,
        at: datetime | None = None,
        expires: timedelta | None = None,
        missed: Missed = Missed.RUN,
        series: str = "",
        keep_result: bool = False,
        key_window: timedelta = ENDED_TTL,
        tick_of: TickOf | None = None,
    ) -> Handle:
        """Accept one job now, after a delay, or at a time (aware; a past one means now).

        `expires`: so long after its time it is not started any more. `missed`: what follows when nothing could start it
        in the minute after its time; jobs of one `series` stand for each other. `keep_result` keeps what the task
        returns for 24 hours, for `result`. `key_window`: how long after `done` a job with the same key is a duplicate.
        `tick_of` is for periodic work.

        Raises:
            PayloadRefused: a field does not fit the contract; the message names it.
            EnqueueRefused: the payload is over 64 KiB, the time makes no sense, or the key secret is another's.
            QueueFull: so many jobs are ready in its queue that another would only wait.
            BrokerUnavailable: no answer, or the broker is full; enqueueing the same job again is safe.
        """
        payload = payload_of(job)
        job = decode(job.kind, payload, job_id=job.job_id)  # as its worker will see it: a text became its enum
        delay_ms, due_ms = when(delay, at, now=self._clock())
        if tick_of is not None:
            missed, series = tick_of.missed, tick_of.schedule
        if missed is Missed.ONCE and not series:
            raise EnqueueRefused("missed=Missed.ONCE needs series=, the name that the jobs share")
        queue = job.destination.value
        reply: Any = ask(
            self._publish,
            args=[
                job.job_id,
                job.kind,
                queue,
                first_message(job_id=job.job_id, kind=job.kind, queue=queue, payload=payload, keeps_result=keep_result),
                delay_ms,
                due_ms,
                self._key_hash(job) or "",
                self._fingerprint(),
                "1" if keep_result else "0",
                self._max_ready,
                "" if expires is None else ms_of(expires, name="expires"),
                "" if missed is Missed.RUN else missed.value,
                series,
                "" if key_window == ENDED_TTL else ms_of(key_window, name="key_window") // 1000,
                tick_of.schedule if tick_of else "",
                tick_of.timetable if tick_of else "",
            ],
        )
        match reply[0]:
            case b"created":
                return Handle(job.job_id, duplicate=False, producer=self)
            case b"duplicate":
                return Handle(reply[1].decode(), duplicate=True, producer=self)
            case b"full":
                raise QueueFull(
                    f"the queue {queue} has {reply[1]:,} ready jobs, and {self._max_ready:,} are allowed (max_ready=); "
                    "try again when its workers have caught up"
                )
        raise EnqueueRefused(_KEYED_OTHERWISE)

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
        reply: bytes = ask(self._cancel, args=[job_id, "1" if running else "0"])
        return reply != b""

    def reschedule(self, job_id: str, *, delay: timedelta | None = None, at: datetime | None = None) -> bool:
        """Move a job that waits for its time to another: True if it was still waiting.

        Raises:
            EnqueueRefused: the time makes no sense.
        """
        return bool(ask(self._reschedule, args=[job_id, *when(delay, at, now=self._clock())]))

    def run_now(self, job_id: str) -> bool:
        """Start a job that waits for its time as soon as a worker is free: True if it was still waiting."""
        return self.reschedule(job_id, delay=timedelta(0))

    def status(self, job_id: str) -> JobStatus | None:
        """What the broker knows of a job; None when it is unknown, or was forgotten a day after its end."""
        return ask(read_status, self._client, job_id)

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
        if known is not None and known.decode() != self._fingerprint():
            raise EnqueueRefused(_KEYED_OTHERWISE)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _key_hash(self, job: Job) -> str | None:
        if job.key is None:
            return None
        digest = hmac.digest(self._secret, msgspec.json.encode([job.kind, *job.key]), "sha256")
        # Not in hexadecimal: past 64 bytes, a field's value makes Redis keep the whole record in thrice the memory.
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _fingerprint(self) -> str:
        return hashlib.sha256(b"fingerprint\0" + self._secret).hexdigest()[:16]


def payload_of(job: Job) -> dict[str, Any]:
    """The payload of a job, small enough for a queue.

    Raises:
        PayloadRefused, EnqueueRefused: see `Producer.enqueue`.
    """
    payload = encode(job)
    size = len(msgspec.json.encode(payload))
    if size > MAX_PAYLOAD_BYTES:
        raise EnqueueRefused(
            f"the payload of this {job.kind} has {size:,} bytes and {MAX_PAYLOAD_BYTES:,} are allowed; "
            "store what is large and enqueue its id"
        )
    return payload


def ms_of(duration: timedelta, *, name: str) -> int:
    """A duration in ms. Raises EnqueueRefused if it is negative or longer than five years."""
    if not timedelta(0) <= duration <= MAX_DELAY:
        raise EnqueueRefused(f"{name}= must be between 0 and {MAX_DELAY.days} days, not {duration}")
    return duration // timedelta(milliseconds=1)


def when(delay: timedelta | None, at: datetime | None, *, now: datetime) -> tuple[int, str]:
    """When a job is due, as the broker takes it: a delay in ms, and a time in ms since 1970 or nothing.

    Raises:
        EnqueueRefused: see `Producer.enqueue`.
    """
    if delay is not None and at is not None:
        raise EnqueueRefused("give delay= or at=, not both")
    if at is not None:
        return 0, str(_epoch_ms_of(at, now=now))
    if delay is None:
        return 0, ""
    return ms_of(delay, name="delay"), ""


def _epoch_ms_of(at: datetime, *, now: datetime) -> int:
    try:
        due_ms = to_epoch_ms(at)
    except ValueError as error:
        raise EnqueueRefused(f"at= must be aware: {error}") from error
    if at - now > MAX_DELAY:
        raise EnqueueRefused(f"at= must be at most {MAX_DELAY.days} days away, not {at.isoformat()}")
    return due_ms


def delay_of(seconds: float) -> timedelta:
    """A loose delay. Raises EnqueueRefused if it is no number of seconds."""
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError, TypeError) as error:
        raise EnqueueRefused(f"the delay must be a number of seconds, not {seconds!r}") from error
