"""Programs that know Celery and nothing of this project work with our workers."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, chord, group
from celery.exceptions import TaskRevokedError

from buffrsign import State
from buffrsign.core.ids import new_ulid
from buffrsign.crypto import HIDDEN
from buffrsign.jobs import Queue, encode
from buffrsign.jobs.maintenance import Canary
from tests.support.contracts import End
from tests.support.programs import ROOT
from tests.support.stage import Stage, Way
from tests.support.strangers import stranger
from tests.support.wait import wait_until

pytestmark = pytest.mark.any_transport
CANARY = "maintenance.canary"
QUEUE = "maintenance"


@pytest.fixture(scope="module")
def stock(stage: Stage) -> Iterator[Celery]:
    """An application of somebody else's, on the same Redis."""
    url = stage.broker.broker_url
    with stranger(url, backend=url) as app:
        yield app


def canary(stock: Celery, note: str) -> Any:
    return stock.signature(CANARY, args=[{"note": note}], queue=QUEUE, task_id=new_ulid(), ignore_result=False)


def test_a_message_of_a_stock_producer_is_run(stage: Stage, stock: Celery) -> None:
    job_id = new_ulid()

    stock.send_task(CANARY, args=[{}], queue=QUEUE, task_id=job_id)

    status = stage.wait_for_end(job_id)
    assert (status.state, status.outcome, status.attempts) == (State.DONE, "answered", 1)


def test_a_stock_producer_gets_the_result_it_waits_for(stage: Stage, stock: Celery) -> None:
    answer = canary(stock, "hello").apply_async().get(timeout=20)

    assert (answer["outcome"], answer["note"]) == ("answered", "hello")


def test_no_result_is_kept_unless_somebody_asked(stage: Stage, stock: Celery) -> None:
    ours, theirs = stage.job(End.TRANSIENT, End.RETURNS), stage.job(End.TRANSIENT, End.RETURNS)

    stage.producer.enqueue(ours)
    stock.send_task("test.scripted", args=[encode(theirs)], queue=QUEUE, task_id=theirs.job_id)

    for job in (ours, theirs):
        assert stage.wait_for_end(job.job_id).state is State.DONE
        assert not stage.broker.client.exists(f"celery-task-meta-{job.job_id}")
        assert stage.broker.client.hmget(f"buffrsign:job:{job.job_id}", "result", "meta") == [None, None]


def test_a_failed_job_fails_for_a_stock_producer_too(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.PERMANENT)

    result = stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id, ignore_result=False)

    with pytest.raises(Exception, match="permanent_error: Permanent: nobody can do this"):
        result.get(timeout=20)


def test_a_job_that_is_tried_again_ends_well_for_a_stock_producer(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.TRANSIENT, End.NOT_YET, End.RETURNS)

    result = stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id, ignore_result=False)

    assert result.get(timeout=20) == {"outcome": "run 3", "run": 3}


def test_a_chord_runs_its_callback_with_all_results(stage: Stage, stock: Celery) -> None:
    callback = stock.signature("celery.accumulate", queue=QUEUE, ignore_result=False)

    result = chord([canary(stock, "one"), canary(stock, "two")])(callback)

    assert sorted(answer["note"] for answer in result.get(timeout=20)[0]) == ["one", "two"]


def test_a_group_returns_all_results(stage: Stage, stock: Celery) -> None:
    result = group(canary(stock, note) for note in ("one", "two", "three")).apply_async()

    assert [answer["note"] for answer in result.get(timeout=20)] == ["one", "two", "three"]


def test_a_chain_goes_on_after_a_job_that_was_tried_again(stage: Stage, stock: Celery) -> None:
    first = stage.job(End.TRANSIENT, End.RETURNS)
    step = stock.signature("test.scripted", args=[encode(first)], queue=QUEUE, task_id=first.job_id)

    result = (step | stock.signature("celery.accumulate", queue=QUEUE, ignore_result=False)).apply_async()

    assert result.get(timeout=20) == [{"outcome": "run 2", "run": 2}]


def test_a_stock_countdown_runs_once_after_its_time(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)
    sent_at = stage.server_time()

    stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id, countdown=2)

    status = stage.wait_for_end(job.job_id)
    assert (status.state, stage.runs(job.job_id)) == (State.DONE, 1)
    assert status.started_at
    assert timedelta(seconds=1.9) < status.started_at - sent_at < timedelta(seconds=5)


def test_a_message_whose_time_is_over_is_not_run(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)

    stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id, expires=-1)
    stage.wait_for_end(stage.play(End.RETURNS).job_id)

    assert stage.runs(job.job_id) == 0


@pytest.mark.parametrize("headers", [{}, {"trace": "7f"}], ids=["none", "a trace"])
def test_a_plain_task_sees_its_request(stage: Stage, stock: Celery, headers: dict[str, str]) -> None:
    asked = stock.signature("test.request", queue=QUEUE, ignore_result=False)

    shown = asked.apply_async(headers=headers, priority=3).get(timeout=20)

    assert shown["headers"] in ((headers,) if headers else ({}, None))
    assert (shown["current"], shown["is_itself"], shown["priority"]) == ("test.request", True, 3)
    assert shown["shown"] == [HIDDEN, HIDDEN]


def test_a_job_that_was_revoked_before_it_came_does_not_run(stage: Stage, stock: Celery, way: Way) -> None:
    job_id = new_ulid()
    stock.control.revoke(job_id)
    workers = 1 if way is Way.PREFORK else 2
    known = stock.control.inspect(timeout=10, limit=workers)
    wait_until(lambda: all(job_id in ids for ids in (known.revoked() or {"": []}).values()), "workers to know it")

    revoked = stock.send_task(CANARY, args=[{}], queue=QUEUE, task_id=job_id, ignore_result=False)

    with pytest.raises(TaskRevokedError):
        revoked.get(timeout=20)


def test_inspect_shows_the_family_s_tasks_and_the_canary_and_no_other(stage: Stage, stock: Celery) -> None:
    registered = stock.control.inspect(timeout=10, limit=1).registered() or {}

    [tasks] = registered.values()
    assert set(tasks) == {
        "maintenance.canary",
        "maintenance.cache_cleanup",
        "maintenance.expired_documents",
        "maintenance.uncertain_letters",
        "test.scripted",
        "test.acknowledged_early",
        "test.request",
    }


def test_inspect_active_shows_a_running_job_without_its_payload(stage: Stage, stock: Celery, way: Way) -> None:
    job_id = stage.play(End.WAITS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")

    active = stock.control.inspect(timeout=10 if way is Way.PREFORK else 2).active() or {}

    stage.let_go(job_id)
    stage.wait_for_end(job_id)
    shown = [(job["id"], job["name"]) for jobs in active.values() for job in jobs]
    # As in stock Celery, a worker that runs its tasks itself answers when they have ended.
    assert shown == ([(job_id, "test.scripted")] if way is Way.PREFORK else [])


def test_the_queue_s_length_is_the_length_of_a_list(stage: Stage) -> None:
    for _ in range(3):
        stage.producer.enqueue(Canary(ask=Queue.AUDIT))

    assert stage.broker.client.llen("audit") == 3


def test_purge_empties_a_queue(stage: Stage) -> None:
    environment = stage.broker.environment(stage.folder)
    celery = [sys.executable, "-m", "celery", "-A", "workers.app"]
    stage.producer.enqueue(Canary(ask=Queue.AUDIT))

    subprocess.run([*celery, "purge", "-f", "-Q", "audit"], cwd=ROOT, env=environment, check=True, timeout=30)

    assert stage.broker.client.llen("audit") == 0
