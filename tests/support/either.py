"""One face for both producers, so that a test says once what holds for both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from buffrsign import AsyncProducer, Enqueued, JobStatus
from buffrsign.jobs import Job


class Waited:
    """An `AsyncProducer` whose every call is waited for. `make` is called in the loop."""

    def __init__(self, url: str, **settings: Any) -> None:
        self._runner = asyncio.Runner()
        self.producer = self._runner.run(_made(lambda: AsyncProducer(url, **settings)))

    def enqueue(self, job: Job, **terms: Any) -> Any:
        return self._wait(self.producer.enqueue(job, **terms))

    def enqueue_many(self, jobs: Iterable[Job], **terms: Any) -> Enqueued:
        enqueued: Enqueued = self._wait(self.producer.enqueue_many(jobs, **terms))
        return enqueued

    def cancel(self, job_id: str, **how: Any) -> bool:
        return bool(self._wait(self.producer.cancel(job_id, **how)))

    def reschedule(self, job_id: str, **when: Any) -> bool:
        return bool(self._wait(self.producer.reschedule(job_id, **when)))

    def run_now(self, job_id: str) -> bool:
        return bool(self._wait(self.producer.run_now(job_id)))

    def add_job(self, *loose: Any) -> Any:
        return self._wait(self.producer.add_job(*loose))

    def status(self, job_id: str) -> JobStatus | None:
        status: JobStatus | None = self._wait(self.producer.status(job_id))
        return status

    def result(self, job_id: str, *, timeout: float) -> Any:
        return self._wait(self.producer.result(job_id, timeout=timeout))

    def require_same_secret(self) -> None:
        self._wait(self.producer.require_same_secret())

    def together(self, calls: Iterable[Callable[[AsyncProducer], Awaitable[Any]]]) -> list[Any]:
        """What many calls answer that are under way at the same time."""

        async def gather() -> list[Any]:
            return await asyncio.gather(*(call(self.producer) for call in calls))

        answers: list[Any] = self._wait(gather())
        return answers

    def close(self) -> None:
        self._wait(self.producer.close())
        self._runner.close()

    def _wait(self, answer: Any) -> Any:
        return self._runner.run(answer)


async def _made(make: Callable[[], AsyncProducer]) -> AsyncProducer:
    return make()
