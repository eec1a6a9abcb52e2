"""For callers' own tests: a producer that keeps jobs in a list instead of publishing them.

producer = RecordingProducer()
my_service.approve("doc_7", producer=producer)
assert_enqueued(producer, OpenRequest, document_id="doc_7")
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from buffrsign.jobs import Job, encode
from buffrsign.jobs.loose import job_from

JobT = TypeVar("JobT", bound=Job)


@dataclass(frozen=True)
class Enqueued:
    """One accepted job and when it was asked to start."""

    job: Job
    delay: timedelta | None
    at: datetime | None

    @property
    def job_id(self) -> str:
        """The job's id, as on a real handle."""
        return self.job.job_id


class RecordingProducer:
    """Validates jobs like the real producer and keeps them. A second job with the same id or key is not kept."""

    def __init__(self) -> None:
        self.enqueued: list[Enqueued] = []

    def enqueue(
        self,
        job: Job,
        *,
        delay: timedelta | None = None,
        at: datetime | None = None,
        keep_result: bool = False,  # noqa: ARG002 - the real producer's signature
    ) -> Enqueued:
        """Keep the job if it is valid. Raises PayloadRefused otherwise, as the real one does."""
        encode(job)
        for known in self.enqueued:
            if known.job_id == job.job_id or (job.key is not None and _identity(known.job) == _identity(job)):
                return known
        accepted = Enqueued(job, delay, at)
        self.enqueued.append(accepted)
        return accepted

    def add_job(self, queue: str, payload: Mapping[str, Any], delay_s: float = 0) -> Enqueued:
        """Keep a job in the loose form of the platform's older services."""
        return self.enqueue(job_from(queue, payload), delay=timedelta(seconds=delay_s))

    def cancel(self, job_id: str) -> bool:
        """Forget a kept job: True if it was there."""
        kept = [known for known in self.enqueued if known.job_id != job_id]
        was_there = len(kept) < len(self.enqueued)
        self.enqueued = kept
        return was_there

    def jobs(self, contract: type[JobT]) -> list[JobT]:
        """The kept jobs of one contract, in order."""
        return [known.job for known in self.enqueued if isinstance(known.job, contract)]


def assert_enqueued(producer: RecordingProducer, contract: type[Job], **fields: object) -> Job:
    """The one kept job of this contract whose fields have these values; fails with what was enqueued otherwise."""
    matching = [
        job
        for job in (known.job for known in producer.enqueued)
        if isinstance(job, contract) and all(getattr(job, name) == value for name, value in fields.items())
    ]
    if len(matching) != 1:
        there = "\n  ".join(repr(known.job) for known in producer.enqueued) or "nothing"
        raise AssertionError(f"expected one {contract.__name__} with {fields}, found {len(matching)} among:\n  {there}")
    return matching[0]


def _identity(job: Job) -> tuple[str, object]:
    return job.kind, job.key
