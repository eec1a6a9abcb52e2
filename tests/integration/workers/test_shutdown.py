"""What a worker does with its jobs when it is told to stop, and what others do when it dies."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from buffrsign import State
from buffrsign.jobs import Queue
from tests.support.broker import TestBroker
from tests.support.contracts import End
from tests.support.programs import SCHEDULER, START_S, producing, wait_for_answer, worker
from tests.support.stage import Stage
from tests.support.wait import wait_until
from workers.processes import Processes, Program

FIRST, SECOND = "first", "second"
COMMAND = worker(Queue.MAINTENANCE, app="tests.support.app", concurrency=2)


class Fleet:
    """A stage whose workers a test starts and ends by itself."""

    def __init__(self, stage: Stage, processes: Processes, environment: dict[str, str]) -> None:
        self.stage, self._processes, self._environment = stage, processes, environment
        self._programs: dict[int, Program] = {}

    def start(self, name: str, *, pool: str = "prefork", **settings: str) -> int:
        """The process id of a worker that answers by now."""
        command = [*COMMAND, "--pool", pool, "-n", f"{name}@%h"]
        program = self._processes.start(name, command, env={**self._environment, **settings})
        self._programs[program.process.pid] = program
        wait_for_answer(self.stage.producer, Queue.MAINTENANCE)
        return program.process.pid

    def has_ended(self, pid: int) -> bool:
        """Whether the worker is gone."""
        return self._programs[pid].process.poll() is not None


@contextmanager
def raised_fleet(broker: TestBroker, folder: Path) -> Iterator[Fleet]:
    with producing(broker) as producer, Processes(folder / "log") as processes:
        processes.start("scheduler", SCHEDULER, env=broker.environment(folder))
        yield Fleet(Stage(producer, broker, folder), processes, broker.environment(folder))


@pytest.fixture
def fleet(broker: TestBroker, tmp_path: Path) -> Iterator[Fleet]:
    with raised_fleet(broker, tmp_path) as fleet:
        yield fleet


def test_a_worker_that_is_told_to_stop_finishes_what_runs_and_hands_back_the_rest(fleet: Fleet) -> None:
    first, stage = fleet.start(FIRST), fleet.stage
    running = [stage.play(End.WAITS).job_id for _ in range(2)]
    wait_until(lambda: all(map(stage.runs, running)), "both processes to be busy")
    waiting = [stage.play(End.RETURNS).job_id for _ in range(5)]

    os.kill(first, signal.SIGTERM)
    fleet.start(SECOND)
    for job_id in waiting:
        assert stage.wait_for_end(job_id).state is State.DONE
    for job_id in running:
        stage.let_go(job_id)

    assert [stage.wait_for_end(job_id).state for job_id in running] == [State.DONE, State.DONE]
    assert [stage.runs(job_id) for job_id in running + waiting] == [1] * 7
    wait_until(lambda: fleet.has_ended(first), "the worker to end")


def test_what_runs_beyond_the_grace_is_given_back_and_counts_as_no_crash(fleet: Fleet) -> None:
    first, stage = fleet.start(FIRST, BUFFRSIGN_SHUTDOWN_GRACE_S="1"), fleet.stage
    job_id = stage.play(End.WAITS, End.RETURNS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")

    os.kill(first, signal.SIGTERM)
    wait_until(lambda: fleet.has_ended(first), "the worker to end")
    fleet.start(SECOND)

    status = stage.wait_for_end(job_id)
    assert (status.state, status.outcome, status.crashes) == (State.DONE, "run 2", 0)


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_what_a_killed_worker_held_runs_elsewhere_once_its_lease_is_over(fleet: Fleet, pool: str) -> None:
    stage = fleet.stage
    first = fleet.start(FIRST, pool=pool, BUFFRSIGN_LEASE_S="5")
    job_id = stage.play(End.WAITS, End.RETURNS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")

    os.killpg(first, signal.SIGKILL)
    killed_at = time.monotonic()
    fleet.start(SECOND, BUFFRSIGN_LEASE_S="5")

    status = stage.wait_for_end(job_id)
    assert (status.state, status.outcome, status.crashes) == (State.DONE, "run 2", 1)
    assert time.monotonic() - killed_at < START_S


@pytest.mark.slow
def test_a_dead_worker_s_jobs_are_running_elsewhere_within_35_seconds_of_a_lease_of_30(fleet: Fleet) -> None:
    stage = fleet.stage
    first = fleet.start(FIRST, BUFFRSIGN_LEASE_S="30")
    job_ids = [stage.play(End.WAITS, End.RETURNS).job_id for _ in range(2)]
    wait_until(lambda: all(map(stage.runs, job_ids)), "both jobs to run")
    fleet.start(SECOND, BUFFRSIGN_LEASE_S="30")

    os.killpg(first, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_until(lambda: all(stage.runs(job_id) == 2 for job_id in job_ids), "both to run elsewhere", timeout_s=45)

    assert time.monotonic() - killed_at < 35
    assert [stage.wait_for_end(job_id).crashes for job_id in job_ids] == [0, 0]  # nobody knows which of them it was


def test_a_paused_worker_does_not_run_again_what_another_has_taken_over(fleet: Fleet) -> None:
    stage = fleet.stage
    first = fleet.start(FIRST, BUFFRSIGN_LEASE_S="5")
    job_id = stage.play(End.WAITS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")

    os.killpg(first, signal.SIGSTOP)
    fleet.start(SECOND, BUFFRSIGN_LEASE_S="5")
    wait_until(lambda: stage.runs(job_id) == 2, "another to take it over", timeout_s=30)
    os.killpg(first, signal.SIGCONT)
    stage.let_go(job_id)

    assert stage.wait_for_end(job_id).state is State.DONE
    for _ in range(4):
        assert stage.wait_for_end(stage.play(End.RETURNS).job_id).state is State.DONE
    assert stage.runs(job_id) == 2


def test_a_rolling_restart_under_load_loses_nothing_and_repeats_nothing(fleet: Fleet) -> None:
    stage = fleet.stage
    workers = [fleet.start("worker-0"), fleet.start("worker-1")]
    job_ids: list[str] = []

    for number in range(2, 6):
        job_ids += [stage.play(End.RETURNS).job_id for _ in range(60)]
        os.kill(workers.pop(0), signal.SIGTERM)
        workers.append(fleet.start(f"worker-{number}"))

    assert [stage.wait_for_end(job_id).state for job_id in job_ids] == [State.DONE] * len(job_ids)
    assert {stage.runs(job_id) for job_id in job_ids} == {1}
