"""A stage for scripted jobs: a live worker of theirs, a scheduler, and what they left behind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import cast

from buffrsign import JobStatus, Producer, State
from buffrsign.broker.dead_letters import DeadLetter, DeadLetters
from buffrsign.jobs import Queue
from buffrsign.producer import Handle
from tests.support.broker import TestBroker, databases
from tests.support.contracts import End, Scripted
from tests.support.programs import SCHEDULER, processes_of, producing, running, wait_for_answer, worker
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

    def find_status(self, job_id: str) -> JobStatus | None:
        """The job's record, or None before a worker has seen a stock producer's message."""
        return self.producer.status(job_id)

    def status(self, job_id: str) -> JobStatus:
        """The job's record."""
        status = self.find_status(job_id)
        assert status, f"the broker does not know job {job_id}"
        return status

    def wait_for(self, job_id: str, *states: State) -> JobStatus:
        """The job's record once it is in one of these states."""

        def arrived() -> JobStatus | None:
            status = self.find_status(job_id)
            return status if status and status.state in states else None

        return cast("JobStatus", wait_until(arrived, f"{job_id} to be {' or '.join(states)}", timeout_s=30))

    def wait_for_end(self, job_id: str) -> JobStatus:
        """The job's record once it is final."""
        return self.wait_for(job_id, *(state for state in State if state.is_final))

    def server_time(self) -> datetime:
        """Now, on the clock that the records are written by."""
        seconds, microseconds = self.broker.client.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)

    def dead_letter(self, job_id: str) -> DeadLetter:
        """The job's dead letter."""
        letter = DeadLetters(self.broker.client).find(job_id)
        assert letter, f"job {job_id} is no dead letter"
        return letter

    def log(self) -> str:
        """What the worker has logged so far."""
        return (self.folder / "log" / "maintenance.log").read_text()


class Way(StrEnum):
    """Which way a job takes through its worker."""

    PREFORK = "prefork"
    SOLO = "solo"
    LIGHT = "light"


WORKERS = {
    Way.PREFORK: worker(Queue.MAINTENANCE, app="tests.support.app", concurrency=2),
    Way.SOLO: processes_of(Queue.MAINTENANCE, app="tests.support.app", count=2),
    Way.LIGHT: processes_of(Queue.MAINTENANCE, app="tests.support.light_app", count=2),
}


@contextmanager
def raised_stage(broker: TestBroker, folder: Path, way: Way = Way.PREFORK) -> Iterator[Stage]:
    """A stage on this broker, its worker ready."""
    programs = {"scheduler": SCHEDULER, "maintenance": WORKERS[way]}
    with producing(broker) as producer, running(broker, folder, programs):
        wait_for_answer(producer, Queue.MAINTENANCE)
        yield Stage(producer, broker, folder)


class Stages:
    """One stage at a time, kept while the tests that follow are played on one of its way: to start it takes seconds."""

    def __init__(self, server: str, folder: Callable[[str], Path]) -> None:
        self._server, self._folder = server, folder
        self._raised = ExitStack()
        self._stages: dict[Way, Stage] = {}

    def of(self, way: Way) -> Stage:
        """The one that is there, or a new one in place of another way's, with databases of its own."""
        if way not in self._stages:
            self.end()
            broker = self._raised.enter_context(databases(self._server, first=3))
            self._stages[way] = self._raised.enter_context(raised_stage(broker, self._folder("stage"), way))
        return self._stages[way]

    def end(self) -> None:
        """Leave nothing running: other tests count what the server is asked."""
        self._stages.clear()
        self._raised.close()
