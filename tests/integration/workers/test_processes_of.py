"""Several workers of one family under `python -m workers.processes_of`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from buffrsign import State
from buffrsign.jobs import Queue
from tests.support.broker import TestBroker
from tests.support.contracts import End
from tests.support.programs import ROOT, START_S, processes_of, producing, running, wait_for_answer
from tests.support.stage import Stage
from tests.support.wait import wait_until
from workers.processes import Processes


@pytest.fixture
def stage(live_broker: TestBroker, tmp_path: Path) -> Iterator[Stage]:
    """Two light workers, and nobody else."""
    command = processes_of(Queue.MAINTENANCE, app="tests.support.light_app", count=2)
    with producing(live_broker) as producer, running(live_broker, tmp_path, {"maintenance": command}):
        wait_for_answer(producer, Queue.MAINTENANCE)
        yield Stage(producer, live_broker, tmp_path)


def test_a_worker_that_dies_is_replaced_and_its_job_is_back_before_its_lease_is_over(
    stage: Stage,
) -> None:
    job_id = stage.play(End.WAITS, End.RETURNS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")
    [pid] = map(int, (stage.folder / f"{job_id}.runs").read_text().split())
    killed_at = stage.server_time()

    os.kill(pid, signal.SIGKILL)

    status = stage.wait_for_end(job_id)
    assert (status.state, status.outcome) == (State.DONE, "run 2")
    assert (stage.server_time() - killed_at).total_seconds() < 8  # the lease of a test is 10
    wait_until(lambda: stage.log().count("ready.") >= 3, "its successor")


def test_what_waits_behind_a_slow_job_runs_elsewhere(stage: Stage) -> None:
    for _ in range(30):  # so quick that a worker takes many at once from then on
        last = stage.play(End.RETURNS)
    stage.wait_for_end(last.job_id)
    slow = stage.play(End.WAITS).job_id
    others = [stage.play(End.RETURNS).job_id for _ in range(20)]

    for job_id in others:
        assert stage.wait_for_end(job_id).state is State.DONE

    assert stage.status(slow).state is State.RUNNING
    assert [stage.runs(job_id) for job_id in others] == [1] * len(others)
    stage.let_go(slow)
    stage.wait_for_end(slow)


def test_a_batch_that_was_with_a_killed_worker_runs_again_and_nobody_is_blamed(
    stage: Stage,
) -> None:
    for _ in range(30):
        last = stage.play(End.RETURNS)
    stage.wait_for_end(last.job_id)
    killer = stage.play(End.KILLED, End.RETURNS).job_id
    others = [stage.play(End.RETURNS).job_id for _ in range(10)]

    statuses = [stage.wait_for_end(job_id) for job_id in (killer, *others)]

    assert {status.state for status in statuses} == {State.DONE}
    assert [status.attempts for status in statuses[1:]] == [1] * len(others)


def test_it_ends_with_its_workers_when_it_is_told_to(live_broker: TestBroker, tmp_path: Path) -> None:
    with Processes(tmp_path / "log") as processes:
        command = processes_of(Queue.MAINTENANCE, app="tests.support.light_app", count=2)
        program = processes.start("family", command, env=live_broker.environment(tmp_path))
        wait_until(lambda: program.log_path.read_text().count("ready.") == 2, "both workers", timeout_s=START_S)

        program.process.send_signal(signal.SIGTERM)

        assert program.process.wait(timeout=30) == 0
        assert program.log_path.read_text().count("Warm shutdown") == 2


def test_workers_that_cannot_start_end_it_with_their_code(live_broker: TestBroker, tmp_path: Path) -> None:
    command = processes_of(Queue.MAINTENANCE, app="tests.support.no_such_app")

    ended = subprocess.run(
        command, cwd=ROOT, env=live_broker.environment(tmp_path), capture_output=True, check=False, timeout=50
    )

    assert ended.returncode > 0


def test_a_family_that_does_not_exist_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "workers.processes_of", "nobody"], cwd=ROOT, capture_output=True, check=False
    )

    assert ended.returncode == 2
    assert b"invalid choice" in ended.stderr
