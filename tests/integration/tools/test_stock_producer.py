"""A plain `Celery(broker=…)` on kombu's own transport sends to our workers, in all the ways that it knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery

from buffrsign import State
from buffrsign.crypto import HIDDEN
from buffrsign.jobs import encode
from tests.support.contracts import End, Scripted
from tests.support.events import listening
from tests.support.stage import Stage
from tests.support.wait import wait_until

pytestmark = pytest.mark.any_transport
QUEUE = "maintenance"
LOWEST, HIGHEST = 9, 0
"""Redis has no order of its own: kombu counts downwards, and 0 is taken first."""


def send(stock: Celery, job: Scripted, **options: Any) -> None:
    stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id, **options)


@pytest.mark.parametrize("how", ["countdown", "eta", "eta elsewhere"])
def test_what_is_sent_for_later_runs_once_and_not_before(stage: Stage, stock: Celery, how: str) -> None:
    job, sent_at = stage.job(End.RETURNS), stage.server_time()
    due = datetime.now(UTC) + timedelta(seconds=2)
    elsewhere = due.astimezone(tz=None).replace(tzinfo=None) if how == "eta" else due
    options: dict[str, Any] = {"countdown": {"countdown": 2}, "eta": {"eta": due}, "eta elsewhere": {"eta": elsewhere}}

    send(stock, job, **options[how])

    status = stage.wait_for_end(job.job_id)
    assert (status.state, stage.runs(job.job_id)) == (State.DONE, 1)
    assert status.started_at
    assert timedelta(seconds=1.9) < status.started_at - sent_at < timedelta(seconds=6)


def test_a_time_that_is_past_means_now(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)

    send(stock, job, eta=datetime.now(UTC) - timedelta(days=1))

    assert stage.wait_for_end(job.job_id).state is State.DONE


def test_what_has_not_expired_runs_and_what_has_does_not(stage: Stage, stock: Celery, busy: list[str]) -> None:
    fresh, stale = stage.job(End.RETURNS), stage.job(End.RETURNS)

    send(stock, stale, expires=0.1)
    send(stock, fresh, expires=60)
    expired = stage.server_time() + timedelta(seconds=0.2)
    wait_until(lambda: stage.server_time() > expired, "the first one to expire")
    for job_id in busy:
        stage.let_go(job_id)

    assert stage.wait_for_end(fresh.job_id).state is State.DONE
    assert stage.runs(stale.job_id) == 0


def test_what_matters_more_is_taken_first(stage: Stage, stock: Celery, busy: list[str]) -> None:
    lows, highs = ([stage.job(End.WAITS) for _ in range(2)] for _ in range(2))
    for job in lows:
        send(stock, job, priority=LOWEST)
    for job in highs:
        send(stock, job, priority=HIGHEST)

    for job_id in busy:
        stage.let_go(job_id)
    wait_until(lambda: sum(stage.runs(job.job_id) for job in [*lows, *highs]) == 2, "two of them to run")
    first = [stage.runs(job.job_id) for job in highs]
    for job in [*highs, *lows]:
        stage.let_go(job.job_id)
        stage.wait_for_end(job.job_id)

    assert first == [1, 1]
    assert [stage.runs(job.job_id) for job in [*highs, *lows]] == [1, 1, 1, 1]


def test_a_publish_with_a_retry_policy_is_one_job(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)

    send(stock, job, retry=True, retry_policy={"max_retries": 3, "interval_start": 0})

    assert stage.wait_for_end(job.job_id).state is State.DONE
    assert stage.runs(job.job_id) == 1


@pytest.mark.parametrize("spelling", ["args", "kwargs"])
def test_a_payload_may_be_an_argument_or_keyword_arguments(stage: Stage, stock: Celery, spelling: str) -> None:
    job = stage.job(End.RETURNS)
    payload = encode(job)
    given: dict[str, Any] = {"args": [payload]} if spelling == "args" else {"kwargs": payload}

    stock.send_task("test.scripted", queue=QUEUE, task_id=job.job_id, **given)

    assert stage.wait_for_end(job.job_id).state is State.DONE


def test_events_show_no_argument_whatever_the_producer_wrote_of_them(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)

    with listening(stage.broker.client) as heard:
        send(stock, job, argsrepr="Anna Nangolo", kwargsrepr="anna@example.com")
        wait_until(lambda: "task-succeeded" in heard.of(job.job_id), "the job's last event")

    received = heard.of(job.job_id)["task-received"]
    assert (received["args"], received["kwargs"]) == (HIDDEN, HIDDEN)
    assert "Nangolo" not in str(heard.events)
    assert "anna@example.com" not in str(heard.events)
