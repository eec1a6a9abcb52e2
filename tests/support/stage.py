"""A stage for scripted jobs: a live worker of theirs, a scheduler, and what they left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from buffrsign import JobStatus, Producer
from buffrsign.broker.dead_letters import DeadLetter, DeadLetters
from buffrsign.jobs import Queue
from buffrsign.producer import Handle
from tests.support.broker import TestBroker
from tests.support.contracts import End, Scripted
from tests.support.programs import SCHEDULER, producing, running, wait_for_answer, worker
from tests.support.wait import wait_until


@dataclass(frozen=True)
class Stage:
    """Where scripted jobs are played."""

    producer: Producer
    broker: TestBroker
    folder: Path

    def job(self, *ends: End) -> Scripted:
        """A job whose runs end like this, one after the other."""
        job = Scripted(ends=ends, journal="")
        return Scripted(job_id=job.job_id, ends=ends, journal=str(self.folder / f"{job.job_id}.runs"))

    def play(self, *ends: End, keep_result: bool = False) -> Handle:
        """Enqueue such a job."""
        return self.producer.enqueue(self.job(*ends), keep_result=keep_result)

    def runs(self, job_id: str) -> int:
        """How often the job's task was started."""
        journal = self.folder / f"{job_id}.runs"
        return len(journal.read_text().splitlines()) if journal.exists() else 0

    def let_go(self, job_id: str) -> None:
        """End the runs that wait."""
        (self.folder / f"{job_id}.go").touch()

    def status(self, job_id: str) -> JobStatus | None:
        """The job's record."""
        return self.producer.status(job_id)

    def wait_for_end(self, job_id: str) -> JobStatus:
        """The job's record once it is final."""
        wait_until(lambda: (now := self.status(job_id)) and now.state.is_final, f"the end of {job_id}", timeout_s=30)
        status = self.status(job_id)
        assert status
        return status

    def server_time(self) -> datetime:
        """Now, on the clock that the records are written by."""
        with self.broker.client as client:
            seconds, microseconds = client.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)

    def dead_letter(self, job_id: str) -> DeadLetter | None:
        """The job's dead letter."""
        with self.broker.client as client:
            return DeadLetters(client).find(job_id)

    def log(self) -> str:
        """What the worker has logged so far."""
        return (self.folder / "log" / "maintenance.log").read_text()


@contextmanager
def raised_stage(broker: TestBroker, folder: Path) -> Iterator[Stage]:
    """A stage on this broker, its worker ready."""
    programs = {
        "scheduler": SCHEDULER,
        "maintenance": worker(Queue.MAINTENANCE, app="tests.support.app", concurrency=2),
    }
    with producing(broker) as producer, running(broker, folder, programs):
        wait_for_answer(producer, Queue.MAINTENANCE)
        yield Stage(producer, broker, folder)
