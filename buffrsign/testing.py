"""For callers' own tests: a producer that keeps jobs in a list instead of publishing them.

producer = RecordingProducer()
my_service.approve("doc_7", producer=producer)
assert_enqueued(producer, OpenRequest, document_id="doc_7")
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, Unpack

from buffrsign.broker.bulk import Answer
from buffrsign.broker.bulk import Enqueued as Bulk
from buffrsign.broker.enqueueing import BulkRefused
from buffrsign.broker.terms import BulkTerms, JobTerms, delay_of, read_terms
from buffrsign.core.clock import Clock, utc_now
from buffrsign.core.errors import Permanent
from buffrsign.jobs import Job, decode
from buffrsign.jobs.loose import job_from
from buffrsign.producer import payload_of

JobT = TypeVar("JobT", bound=Job)


@dataclass(frozen=True)
class Enqueued:
    """One accepted job, and what was said of it. `duplicate`: it was kept before, as on a real handle."""

    job: Job
    delay: timedelta | None
    at: datetime | None
    duplicate: bool = False
    tenant: str = ""

    @property
    def job_id(self) -> str:
        """The job's id, as on a real handle."""
        return self.job.job_id


class RecordingProducer:
    """Validates jobs like the real producer and keeps them. A second job with the same id or key is not kept."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self.enqueued: list[Enqueued] = []
        self.cancelled: list[Enqueued] = []
        self._clock = clock

    def enqueue(self, job: Job, **terms: Unpack[JobTerms]) -> Enqueued:
        """Keep the job if it is valid. Raises PayloadRefused or EnqueueRefused otherwise, as the real one does."""
        job = decode(job.kind, payload_of(job), job_id=job.job_id)
        read_terms(self._clock, **terms)
        standing = self._standing(job)
        if standing is not None:
            return replace(standing, duplicate=True)
        accepted = Enqueued(job, terms.get("delay"), terms.get("at"), tenant=terms.get("tenant", ""))
        self.enqueued.append(accepted)
        return accepted

    def enqueue_many(self, jobs: Iterable[Job], **terms: Unpack[BulkTerms]) -> Bulk:
        """Keep all of these, or none if one is not valid. Raises what the real one does."""
        checked = list(jobs)
        for position, job in enumerate(checked):
            try:
                payload_of(job)
            except Permanent as error:
                raise BulkRefused(position, str(error)) from error
        kept = [self.enqueue(job, **terms) for job in checked]
        answers = [Answer.DUPLICATE if each.duplicate else Answer.CREATED for each in kept]
        return Bulk([each.job_id for each in kept], answers)

    def add_job(self, queue: str, payload: Mapping[str, Any], delay_s: float = 0) -> Enqueued:
        """Keep a job in the loose form of the platform's older services."""
        return self.enqueue(job_from(queue, payload), delay=delay_of(delay_s))

    def cancel(self, job_id: str) -> bool:
        """Take back a kept job: True if it was there. Its id stays taken, its key is free again."""
        taken_back = [known for known in self.enqueued if known.job_id == job_id]
        self.enqueued = [known for known in self.enqueued if known.job_id != job_id]
        self.cancelled += taken_back
        return bool(taken_back)

    def jobs(self, contract: type[JobT]) -> list[JobT]:
        """The kept jobs of one contract, in order."""
        return [known.job for known in self.enqueued if isinstance(known.job, contract)]

    def _standing(self, job: Job) -> Enqueued | None:
        for known in [*self.enqueued, *self.cancelled]:
            if known.job_id == job.job_id:
                return known
        if job.key is None:
            return None
        return next((known for known in self.enqueued if _identity(known.job) == _identity(job)), None)


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
