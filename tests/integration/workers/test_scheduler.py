"""The scheduler as a process: it is punctual, it ends when told to, and it outlives its broker."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from buffrsign import Producer, State
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.programs import SCHEDULER, producing, running, status_of, wait_for_answer, worker
from tests.support.server import ChosenServer, chosen_server
from tests.support.wait import wait_until
from workers.processes import Processes

JOBS = 200
PUNCTUAL_S = 0.1
"""What is promised: a job starts within 100 ms of its time, p99, on a free worker."""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ChosenServer]:
    with chosen_server(tmp_path / "server") as server:
        yield server


def logged(folder: Path, program: str) -> str:
    return (folder / "log" / f"{program}.log").read_text()


def test_jobs_reach_their_queue_within_100_ms_of_their_time(
    producer: Producer, broker: TestBroker, tmp_path: Path
) -> None:
    with running(broker, tmp_path, {"scheduler": SCHEDULER}):
        wait_until(lambda: "scheduler started" in logged(tmp_path, "scheduler"), "the scheduler to start")
        due_at = []
        for number in range(JOBS):
            handle = producer.enqueue(Canary(), delay=timedelta(seconds=1, milliseconds=5 * number))
            due_at.append(status_of(handle).due_at.timestamp())

        moved_at: list[float] = []
        while len(moved_at) < JOBS:
            broker.client.brpop(["maintenance"], timeout=10)
            moved_at.append(time.time())

    lateness = sorted(moved - due for moved, due in zip(moved_at, sorted(due_at), strict=True))
    assert lateness[int(JOBS * 0.99)] < PUNCTUAL_S, lateness[-10:]
    assert lateness[0] > -0.01


def test_a_job_scheduled_before_the_earliest_wakes_a_scheduler_that_waits(
    producer: Producer, broker: TestBroker, tmp_path: Path
) -> None:
    with running(broker, tmp_path, {"scheduler": SCHEDULER}):
        producer.enqueue(Canary(), delay=timedelta(hours=1))
        wait_until(lambda: "scheduler started" in logged(tmp_path, "scheduler"), "the scheduler to start")

        soon = producer.enqueue(Canary(), delay=timedelta(milliseconds=150))

        assert broker.client.brpop(["maintenance"], timeout=5)
        lateness_s = time.time() - status_of(soon).due_at.timestamp()
        assert lateness_s < PUNCTUAL_S


def test_two_schedulers_move_each_job_once(producer: Producer, broker: TestBroker, tmp_path: Path) -> None:
    handles = [producer.enqueue(Canary(), delay=timedelta(seconds=1)) for _ in range(JOBS)]

    with running(broker, tmp_path, {"one": SCHEDULER, "two": SCHEDULER}):
        wait_until(lambda: broker.client.zcard("buffrsign:schedule") == 0, "the schedule to be empty")

        assert broker.client.llen("maintenance") == JOBS
        assert {status_of(handle).state for handle in handles} == {State.READY}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_within_two_seconds_when_told_to(broker: TestBroker, tmp_path: Path, number: int) -> None:
    with Processes(tmp_path / "log") as processes:
        scheduler = processes.start("scheduler", SCHEDULER, env=broker.environment(tmp_path))
        wait_until(lambda: "scheduler started" in logged(tmp_path, "scheduler"), "the scheduler to start")

        scheduler.process.send_signal(number)

        assert scheduler.process.wait(2) == 0
    assert "scheduler stopped" in logged(tmp_path, "scheduler")


def test_it_goes_on_after_its_broker_was_killed_and_came_back(own_server: ChosenServer, tmp_path: Path) -> None:
    first = own_server.start()
    broker = own_server.broker
    with producing(broker) as producer, running(broker, tmp_path, {"scheduler": SCHEDULER}) as programs:
        handle = producer.enqueue(Canary(), delay=timedelta(seconds=2))
        wait_until(lambda: "scheduler started" in logged(tmp_path, "scheduler"), "the scheduler to start")

        own_server.kill(first)
        wait_until(lambda: "broker did not answer" in logged(tmp_path, "scheduler"), "the scheduler to notice")
        own_server.start()

        wait_until(lambda: status_of(handle).state is State.READY, "the job to be moved")
        programs.check()


def test_a_worker_that_starts_before_its_broker_waits_for_it_and_works(
    own_server: ChosenServer, tmp_path: Path
) -> None:
    broker = own_server.broker
    programs = {"maintenance": worker(Queue.MAINTENANCE)}
    with running(broker, tmp_path, programs) as processes, producing(broker) as producer:
        wait_until(lambda: "server not reachable yet" in logged(tmp_path, "maintenance"), "the worker to wait")

        own_server.start()

        wait_for_answer(producer, Queue.MAINTENANCE)
        processes.check()


def test_a_worker_works_again_after_its_broker_was_killed_and_came_back(
    own_server: ChosenServer, tmp_path: Path
) -> None:
    first = own_server.start()
    broker = own_server.broker
    programs = {"maintenance": worker(Queue.MAINTENANCE)}
    with running(broker, tmp_path, programs) as processes, producing(broker) as producer:
        wait_for_answer(producer, Queue.MAINTENANCE)

        own_server.kill(first)
        wait_until(lambda: "Connection to broker lost" in logged(tmp_path, "maintenance"), "the worker to notice")
        own_server.start()

        wait_for_answer(producer, Queue.MAINTENANCE)
        processes.check()
