"""A stock worker takes from the same list beside ours, as during a migration: every job is done, and done once."""

from collections.abc import Iterator

import pytest
from celery import Celery

from buffrsign.jobs import encode
from tests.support.contracts import End, Scripted
from tests.support.programs import START_S, running, worker
from tests.support.stage import Stage
from tests.support.stock import MARK
from tests.support.wait import wait_until

pytestmark = [pytest.mark.any_transport, pytest.mark.timeout(120)]
QUEUE = "maintenance"
JOBS = 60


@pytest.fixture(scope="module", autouse=True)
def stock_worker(stage: Stage, stock: Celery) -> Iterator[None]:
    command = worker(QUEUE, app="tests.support.stock", concurrency=2)
    command[command.index("-n") + 1] = "stock@%h"
    with running(stage.broker, stage.folder / "stock", {"stock": command}):
        wait_until(lambda: len(stock.control.ping(timeout=1)) == 2, "both workers to answer", timeout_s=START_S)
        yield


def runs(stage: Stage, job: Scripted) -> list[str]:
    """Who ran it, in order."""
    journal = stage.folder / f"{job.job_id}.runs"
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [MARK if line.startswith(MARK) else "ours" for line in lines]


def script(stage: Stage) -> list[Scripted]:
    """Jobs of which the first four wait, so that both workers, which have room for two each, take part."""
    return [stage.job(End.WAITS if number < 4 else End.RETURNS) for number in range(JOBS)]


def wait_for_all(stage: Stage, jobs: list[Scripted], *, times: int = 1) -> None:
    wait_until(lambda: all(len(runs(stage, job)) >= times for job in jobs), "every job to be run", timeout_s=60)
    client = stage.broker.client
    wait_until(lambda: not client.llen(QUEUE) and not client.hlen("unacked"), "nothing to wait or to run")


def assert_done_once_by_both(stage: Stage, jobs: list[Scripted]) -> None:
    wait_until(lambda: all(runs(stage, job) for job in jobs[:4]), "both workers to take their part")
    for job in jobs[:4]:
        stage.let_go(job.job_id)
    wait_for_all(stage, jobs)
    who = [runs(stage, job) for job in jobs]
    assert all(len(names) == 1 for names in who)
    assert {names[0] for names in who} == {MARK, "ours"}


def test_our_producer_s_jobs_are_done_once_by_one_or_the_other(stage: Stage) -> None:
    jobs = script(stage)

    for job in jobs:
        stage.producer.enqueue(job)

    assert_done_once_by_both(stage, jobs)


def test_a_stock_producer_s_jobs_are_done_once_by_one_or_the_other(stage: Stage, stock: Celery) -> None:
    jobs = script(stage)

    for number, job in enumerate(jobs):
        later = {"countdown": 0.5} if number > 3 and number % 3 == 0 else {}
        stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id, **later)

    assert_done_once_by_both(stage, jobs)


def test_what_one_of_them_tries_again_may_be_ended_by_the_other(stage: Stage, stock: Celery) -> None:
    jobs = [stage.job(End.TRANSIENT, End.RETURNS) for _ in range(JOBS // 3)]

    for job in jobs:
        stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id)

    wait_for_all(stage, jobs, times=2)
    assert all(len(runs(stage, job)) == 2 for job in jobs)
