"""The producer for asyncio: what `producer.py` says of each call holds here too.

    async with AsyncProducer("redis://broker.internal:6379/0", key_secret=…) as producer:  # one per process and loop
        handle = await producer.enqueue(SignatureRequestEmail(…), delay=timedelta(minutes=5))
        await producer.cancel(handle.job_id)

At most 32 calls are under way at the same time, each on a connection of its own; further ones wait for one. A call that
is cancelled may have happened or not, so enqueue the same job again; other calls do not notice. In another event loop
than its first, a producer says so with a RuntimeError.
"""

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from buffrsign.broker import keys
from buffrsign.broker.bulk import Enqueued
from buffrsign.broker.connection import connect_async
from buffrsign.broker.enqueueing import MAX_READY, Enqueueing, Sending
from buffrsign.broker.records import SHOWN, JobStatus, status_of
from buffrsign.broker.results import await_result_async
from buffrsign.broker.terms import BulkTerms, JobTerms, delay_of, read_terms, when
from buffrsign.broker.unavailable import ask_async
from buffrsign.broker.wire import AsyncWire
from buffrsign.core.clock import Clock, utc_now
from buffrsign.crypto import Cipher
from buffrsign.jobs import Job
from buffrsign.jobs.loose import job_from

if TYPE_CHECKING:
    from redis.asyncio import Redis


@dataclass(frozen=True)
class AsyncHandle:
    """A job that the broker holds. `duplicate`: it was there before, and this call changed nothing."""

    job_id: str
    duplicate: bool
    producer: "AsyncProducer"

    async def status(self) -> JobStatus | None:
        """As `Producer.status`."""
        return await self.producer.status(self.job_id)

    async def result(self, *, timeout: float) -> dict[str, Any]:  # noqa: ASYNC109 - as the other producer's
        """As `Producer.result`."""
        return await self.producer.result(self.job_id, timeout=timeout)

    async def cancel(self, *, running: bool = False) -> bool:
        """As `Producer.cancel`."""
        return await self.producer.cancel(self.job_id, running=running)


class AsyncProducer:
    """Enqueues jobs on one broker, from the tasks of one event loop."""

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
        """As `Producer`."""
        self._enqueueing = Enqueueing(
            url,
            key_secret=key_secret,
            cipher=cipher,
            allow_plain_payloads=allow_plain_payloads,
            max_ready=max_ready,
        )
        self._client = client or connect_async(url)
        self._wire = AsyncWire(self._client)
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def enqueue(self, job: Job, **terms: Unpack[JobTerms]) -> AsyncHandle:
        """As `Producer.enqueue`."""
        arguments = self._enqueueing.one(job, read_terms(self._clock, **terms))
        reply = await ask_async(self._wire.call("publish", arguments))
        accepted = self._enqueueing.read_one(job, reply)
        return AsyncHandle(accepted.job_id, duplicate=accepted.duplicate, producer=self)

    async def enqueue_many(self, jobs: Iterable[Job], **terms: Unpack[BulkTerms]) -> Enqueued:
        """As `Producer.enqueue_many`. The loop is held while the jobs are checked: 4 ms for a thousand."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - see `connection.py`

        sending = Sending(self._enqueueing, jobs, read_terms(self._clock, **terms))
        try:
            async with aclosing(self._wire.stream("publish_many", sending.calls())) as replies:
                async for reply in replies:
                    sending.note(reply)
        except RedisError as error:
            sending.break_off(error)
        return sending.outcome()

    async def add_job(self, queue: str, payload: Mapping[str, Any], delay_s: float = 0) -> AsyncHandle:
        """As `Producer.add_job`."""
        return await self.enqueue(job_from(queue, payload), delay=delay_of(delay_s))

    async def cancel(self, job_id: str, *, running: bool = False) -> bool:
        """As `Producer.cancel`."""
        reply: bytes = await ask_async(self._wire.call("cancel", [job_id, "1" if running else "0"]))
        return reply != b""

    async def reschedule(self, job_id: str, *, delay: timedelta | None = None, at: datetime | None = None) -> bool:
        """As `Producer.reschedule`."""
        return bool(await ask_async(self._wire.call("reschedule", [job_id, *when(delay, at, now=self._clock())])))

    async def run_now(self, job_id: str) -> bool:
        """As `Producer.run_now`."""
        return await self.reschedule(job_id, delay=timedelta(0))

    async def status(self, job_id: str) -> JobStatus | None:
        """As `Producer.status`."""
        [shown] = await ask_async(self._wire.call("read_records", [len(SHOWN), *SHOWN, job_id]))
        return status_of(job_id, shown)

    async def result(self, job_id: str, *, timeout: float) -> dict[str, Any]:  # noqa: ASYNC109 - as the other producer's
        """As `Producer.result`."""
        self._wire.require_loop()
        return await ask_async(await_result_async(self._client, job_id, timeout_s=timeout))

    async def require_same_secret(self) -> None:
        """As `Producer.require_same_secret`."""
        self._wire.require_loop()
        known: Any = await ask_async(self._client.get(keys.KEY_SECRET_FINGERPRINT))
        self._enqueueing.require_same_secret(known)

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()
