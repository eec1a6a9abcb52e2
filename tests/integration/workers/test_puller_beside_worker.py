"""A service that pulls, and a worker, on one queue: each job is done once, whoever dies of them."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.jobs import Queue
from buffrsign.puller import Puller
from tests.support.broker import TestBroker
from tests.support.contracts import End, Scripted
from tests.support.programs import ROOT, START_S, running, status_of, wait_for_answer, worker
from tests.support.wait import wait_until

HERE = Queue.MAINTENANCE
WORKER = {"worker": worker("maintenance", app="tests.support.app", concurrency=2)}
CLAIMER = """
import sys
from buffrsign.jobs import Queue
from buffrsign.puller import Puller
import tests.support.contracts

print(Puller(sys.argv[1], name="dying").claim(Queue.MAINTENANCE).job_id, flush=True)
sys.stdin.read()
"""


def returning(journal: Path) -> Scripted:
    return Scripted(ends=(End.RETURNS,), journal=str(journal))


@pytest.mark.timeout(120)
def test_each_job_is_done_once_by_one_of_them(broker: TestBroker, producer: Producer, tmp_path: Path) -> None:
    with running(broker, tmp_path, WORKER), Puller(broker.broker_url) as puller:
        wait_for_answer(producer, HERE)
        journals = [tmp_path / f"run-{number}" for number in range(200)]
        handles = [producer.enqueue(returning(journal)) for journal in journals]

        pulled = set()
        while claim := puller.claim(HERE, timeout=timedelta(seconds=2)):
            pulled.add(claim.job_id)
            puller.settle(claim, outcome="pulled")
        wait_until(lambda: all(status_of(handle).state is State.DONE for handle in handles), "all jobs to be done")

    runs = [len(journal.read_text().splitlines()) if journal.exists() else 0 for journal in journals]
    assert runs == [0 if handle.job_id in pulled else 1 for handle in handles]
    assert 0 < len(pulled) < len(handles)
    assert {status_of(handle).attempts for handle in handles} == {1}


@pytest.mark.timeout(120)
def test_what_a_claimer_held_when_it_died_is_done_by_a_worker(
    broker: TestBroker, producer: Producer, tmp_path: Path
) -> None:
    handle = producer.enqueue(returning(tmp_path / "run"))
    claimer = subprocess.Popen(
        [sys.executable, "-c", CLAIMER, broker.broker_url],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with claimer:
        assert claimer.stdout
        claimed = claimer.stdout.readline().decode().strip()
        claimer.kill()
    [dead] = broker.client.zrange(keys.HOLDERS, 0, -1)
    broker.client.set(keys.WATCH, broker.client.time()[0] * 1000)
    broker.client.zadd(keys.HOLDERS, {dead: 1})  # its 30 seconds are over

    with running(broker, tmp_path, WORKER):
        wait_until(lambda: status_of(handle).state is State.DONE, "the worker to do it", timeout_s=START_S)

    status = status_of(handle)
    assert claimed == handle.job_id
    assert (status.attempts, status.crashes, status.worker.startswith("maintenance@")) == (2, 1, True)
