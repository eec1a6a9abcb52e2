"""The project's programs as real processes on a test's broker."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buffrsign import Handle, JobStatus, Producer
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.wait import START_S
from workers.processes import ROOT, Processes

__all__ = [
    "ROOT",
    "SCHEDULER",
    "START_S",
    "processes_of",
    "producing",
    "running",
    "status_of",
    "wait_for_answer",
    "worker",
]

SCHEDULER = [sys.executable, "-m", "workers.scheduler"]


def worker(queue: str, *, app: str = "workers.app", concurrency: int = 1) -> list[str]:
    """The command of a worker of one family, as the Procfile has it."""
    serves = ["-Q", queue, "-n", f"{queue}@%h", "--concurrency", str(concurrency)]
    return [sys.executable, "-m", "workers.worker", app, *serves, "--without-mingle", "--without-gossip"]


def processes_of(queue: str, *, app: str = "workers.app", count: int = 1) -> list[str]:
    """The command of a family whose workers take jobs for themselves, several at a time."""
    return [sys.executable, "-m", "workers.processes_of", queue, "-A", app, "-c", str(count)]


@contextmanager
def running(broker: TestBroker, folder: Path, commands: dict[str, list[str]]) -> Iterator[Processes]:
    """These programs, by name, for as long as this lasts; their logs are in the folder."""
    with Processes(folder / "log") as processes:
        for name, command in commands.items():
            processes.start(name, command, env=broker.environment(folder))
        yield processes


@contextmanager
def producing(broker: TestBroker) -> Iterator[Producer]:
    """A producer on this broker."""
    allow = broker.allow_plain_payloads
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, allow_plain_payloads=allow)
    yield producer
    producer.close()


def status_of(handle: Handle) -> JobStatus:
    """The record of a job that the broker knows."""
    status = handle.status()
    assert status, f"the broker does not know job {handle.job_id}"
    return status


def wait_for_answer(producer: Producer, queue: Queue) -> None:
    """Return once a canary has answered on this queue."""
    producer.enqueue(Canary(ask=queue), keep_result=True).result(timeout=START_S)
