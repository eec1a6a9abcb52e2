"""What ends, stops or doubles jobs on kombu's own transport, done to live workers; `docs/delivery.md` has the table."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from buffrsign import State
from buffrsign.broker.dead_letters import Reason
from buffrsign.jobs import Queue
from tests.support.broker import TestBroker, databases, private_server
from tests.support.contracts import End
from tests.support.programs import SCHEDULER, producing, wait_for_answer, worker
from tests.support.stage import Stage
from tests.support.wait import wait_until
from workers.processes import Processes

LEASE_S = 5
"""The shortest that the setting allows."""

COMMAND = worker(Queue.MAINTENANCE, app="tests.support.app", concurrency=2)


class Fleet:
    """A stage on a server of its own, with workers whose leases are short. `pids` are theirs, the latest last."""

    def __init__(self, stage: Stage, processes: Processes, environment: dict[str, str]) -> None:
        self.stage, self.pids = stage, list[int]()
        self._processes, self._environment = processes, environment

    def start_worker(self, name: str) -> None:
        """Start a worker."""
        program = self._processes.start(name, [*COMMAND, "-n", f"{name}@%h"], env=self._environment)
        self.pids.append(program.process.pid)

    def kill_worker(self) -> None:
        """Kill the latest worker with its children."""
        os.killpg(self.pids.pop(), signal.SIGKILL)


@contextmanager
def raised_fleet(broker: TestBroker, folder: Path) -> Iterator[Fleet]:
    environment = {**broker.environment(folder), "BUFFRSIGN_LEASE_S": str(LEASE_S)}
    with producing(broker) as producer, Processes(folder / "log") as processes:
        processes.start("scheduler", SCHEDULER, env=environment)
        fleet = Fleet(Stage(producer, broker, folder), processes, environment)
        fleet.start_worker("first")
        wait_for_answer(producer, Queue.MAINTENANCE)
        yield fleet


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[TestBroker]:
    with private_server(tmp_path / "server") as address, databases(address, first=0) as broker:
        yield broker


@pytest.fixture
def fleet(own_broker: TestBroker, tmp_path: Path) -> Iterator[Fleet]:
    with raised_fleet(own_broker, tmp_path) as fleet:
        yield fleet


def has_run(stage: Stage, job_id: str, *, times: int) -> bool:
    """Whether the job was started so often."""
    return stage.runs(job_id) == times


def milliseconds(fleet: Fleet) -> int:
    """Now, on the broker's clock."""
    return int(fleet.stage.server_time().timestamp() * 1000)


def test_a_job_that_runs_longer_than_a_lease_runs_once(fleet: Fleet) -> None:
    stage = fleet.stage
    fleet.start_worker("second")
    job_id = stage.play(End.WAITS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")
    began_at = milliseconds(fleet)

    wait_until(lambda: milliseconds(fleet) > began_at + 2000 * LEASE_S, "two leases to pass", timeout_s=30)
    stage.let_go(job_id)

    assert stage.wait_for_end(job_id).state is State.DONE
    assert stage.runs(job_id) == 1


def test_a_worker_on_a_full_broker_does_its_jobs(fleet: Fleet) -> None:
    stage, client = fleet.stage, fleet.stage.broker.client
    busy = [stage.play(End.WAITS).job_id for _ in range(2)]
    wait_until(lambda: all(map(stage.runs, busy)), "both processes to be busy")
    waiting = [stage.play(End.TRANSIENT, End.RETURNS).job_id for _ in range(5)]

    client.config_set("maxmemory", 1)
    for job_id in busy:
        stage.let_go(job_id)
    ends = [stage.wait_for_end(job_id).state for job_id in [*busy, *waiting]]
    client.config_set("maxmemory", 0)

    assert ends == [State.DONE] * 7
    assert [stage.runs(job_id) for job_id in waiting] == [2] * 5


def test_a_worker_whose_broker_becomes_a_replica_goes_on_when_it_is_a_primary_again(fleet: Fleet) -> None:
    stage, client = fleet.stage, fleet.stage.broker.client
    running = stage.play(End.WAITS).job_id
    wait_until(lambda: stage.runs(running), "the job to run")
    waiting = [stage.play(End.WAITS).job_id for _ in range(3)]

    client.replicaof("127.0.0.1", 1)
    demoted_at = milliseconds(fleet)
    wait_until(lambda: milliseconds(fleet) > demoted_at + 1000 * LEASE_S, "the leases to run out", timeout_s=30)
    client.replicaof("NO", "ONE")
    for job_id in [running, *waiting]:
        stage.let_go(job_id)

    assert [stage.wait_for_end(job_id).state for job_id in [running, *waiting]] == [State.DONE] * 4
    assert [stage.runs(job_id) for job_id in [running, *waiting]] == [1] * 4
    assert Path(f"/proc/{fleet.pids[0]}").exists()


def test_jobs_flow_on_after_every_binding_was_lost(fleet: Fleet) -> None:
    stage, client = fleet.stage, fleet.stage.broker.client
    bindings = list(client.scan_iter("_kombu.binding*"))
    assert bindings

    client.delete(*bindings)
    handles = [stage.play(End.TRANSIENT, End.RETURNS) for _ in range(3)]

    assert [stage.wait_for_end(handle.job_id).state for handle in handles] == [State.DONE] * 3


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_job_that_kills_its_worker_takes_no_other_with_it(fleet: Fleet) -> None:
    """The killer is played: its worker is killed from outside whenever it runs.

    The first death is that of two jobs, and counts for neither; then the killer runs alone.
    """
    stage = fleet.stage
    killer, innocent = stage.play(End.WAITS).job_id, stage.play(End.WAITS, End.RETURNS).job_id
    wait_until(lambda: stage.runs(killer) and stage.runs(innocent), "both to run side by side")

    for death in range(1, 5):
        wait_until(partial(has_run, stage, killer, times=death), "the killer to run", timeout_s=60)
        fleet.kill_worker()
        fleet.start_worker(f"after-{death}")

    assert stage.wait_for_end(killer).state is State.DEAD
    assert stage.dead_letter(killer).reason is Reason.KILLER
    assert stage.wait_for_end(innocent).state is State.DONE
    assert stage.status(innocent).crashes == 0
