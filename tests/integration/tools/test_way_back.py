"""The way back, with a stock Celery worker at its end: every job that we held is done by it, and done once."""

import json
import os
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buffrsign import Producer
from buffrsign.broker import keys
from buffrsign.broker.export import count_exportable
from tests.support.broker import TestBroker
from tests.support.cli import command_line
from tests.support.contracts import End, Scripted
from tests.support.holding import reserve
from tests.support.programs import START_S, running, worker
from tests.support.stock import MARK
from tests.support.wait import wait_until
from workers.processes import Processes

pytestmark = pytest.mark.timeout(180)

JOBS = 1000
SCHEDULED = 400
LEASED = 320
SUSPECTS = 30
SOON = timedelta(seconds=1)


def test_a_thousand_jobs_of_every_state_are_done_once_by_a_stock_worker(
    broker: TestBroker, producer: Producer, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    jobs = [scripted(journal) for _ in range(JOBS)]
    for job in jobs[SCHEDULED:]:
        producer.enqueue(job)
    leave_behind(broker)
    for number, job in enumerate(jobs[:SCHEDULED]):
        producer.enqueue(job, delay=SOON + timedelta(milliseconds=number))

    shown = command_line(broker.environment(tmp_path))("jobs", "export", "--to-stock", "--json")

    assert shown.exit_code == 0, shown.stderr
    went = json.loads(shown.stdout)
    assert went == {
        "waiting": 0,
        "leased": LEASED,
        "suspects": SUSPECTS,
        "scheduled": SCHEDULED,
        "left": [],
        "dry_run": False,
    }
    assert count_exportable(broker.client).jobs == 0
    assert broker.client.llen("maintenance") == JOBS
    with running(broker, tmp_path, {"stock": worker("maintenance", app="tests.support.stock", concurrency=2)}):
        wait_until(lambda: len(list(journal.iterdir())) == JOBS, "every job to be run", timeout_s=START_S + 60)
        wait_until(lambda: not broker.client.hlen("unacked"), "nothing to run any more")
    runs = Counter({path.stem: len(path.read_text().splitlines()) for path in journal.iterdir()})
    assert runs == Counter({job.job_id: 1 for job in jobs})
    assert all(path.read_text().startswith(MARK) for path in journal.iterdir())


def test_what_a_killed_worker_held_is_done_by_a_stock_worker(
    broker: TestBroker, producer: Producer, tmp_path: Path
) -> None:
    waits = Scripted(ends=(End.WAITS, End.RETURNS), journal=str(tmp_path / "waits.runs"))
    producer.enqueue(waits)
    ours = worker("maintenance", app="tests.support.app")
    with Processes(tmp_path / "log") as processes:
        program = processes.start("maintenance", ours, env=broker.environment(tmp_path))
        wait_until((tmp_path / "waits.runs").exists, "our worker to run it", timeout_s=START_S)
        os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()
    run = command_line(broker.environment(tmp_path))

    refused = run("jobs", "export", "--to-stock")
    broker.client.zadd(keys.HOLDERS, dict.fromkeys(holders(broker), 1), xx=True)
    exported = run("jobs", "export", "--to-stock", "--json")

    assert "stop all workers" in refused.stderr
    assert json.loads(exported.stdout)["leased"] == 1
    with running(broker, tmp_path, {"stock": worker("maintenance", app="tests.support.stock")}):
        wait_until(lambda: len(runs_of(waits)) == 2, "a stock worker to run it", timeout_s=START_S)
    assert runs_of(waits)[1].startswith(MARK)


def scripted(folder: Path) -> Scripted:
    """A job that ends at once, and has a journal of its own."""
    job = Scripted(ends=(End.RETURNS,), journal="")
    return Scripted(job_id=job.job_id, ends=job.ends, journal=str(folder / f"{job.job_id}.runs"))


def leave_behind(broker: TestBroker) -> None:
    """What a fleet that was killed leaves: suspects, and leases of several holders that ran out."""
    for holder in range(4):
        reserve(broker.client, f"killed-{holder}", jobs=LEASED // 4, lease_ms=60_000)
    broker.client.zadd(keys.HOLDERS, dict.fromkeys(holders(broker), 1))
    for since in range(SUSPECTS):
        message: Any = broker.client.rpop("maintenance")
        broker.client.zadd(keys.suspects("maintenance"), {message: since})


def holders(broker: TestBroker) -> list[bytes]:
    found: Any = broker.client.zrange(keys.HOLDERS, 0, -1)
    return list(found)


def runs_of(job: Scripted) -> list[str]:
    return Path(job.journal).read_text().splitlines()
