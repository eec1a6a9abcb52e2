"""Flower, as it is: what it shows, and what may be asked for there."""

import pytest
from celery import Celery

from buffrsign import State
from buffrsign.jobs import encode
from tests.support.contracts import SECRET, End
from tests.support.flower import Flower
from tests.support.stage import Stage
from tests.support.strangers import stranger
from tests.support.wait import wait_until

pytestmark = pytest.mark.any_transport
QUEUE = "maintenance"


def wait_for_state(flower: Flower, job_id: str, state: str) -> None:
    wait_until(lambda: flower.state(job_id) == state, f"Flower to show {job_id} as {state}")


def test_it_shows_the_worker_its_queue_and_its_kinds(flower: Flower) -> None:
    [(name, worker)] = flower.get("workers?refresh=true").items()

    assert name.startswith("maintenance@")
    assert [queue["name"] for queue in worker["active_queues"]] == [QUEUE]
    assert {"maintenance.canary", "test.scripted"} <= {text.partition(" ")[0] for text in worker["registered"]}
    assert worker["stats"]["pool"]["max-concurrency"] == 2


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ((End.RETURNS,), "SUCCESS"),
        ((End.PERMANENT,), "FAILURE"),
        ((End.FAULT, End.RETURNS), "SUCCESS"),
    ],
)
def test_a_job_is_shown_by_its_kind_and_as_it_ended(
    stage: Stage, flower: Flower, ends: tuple[End, ...], state: str
) -> None:
    handle = stage.play(*ends)
    stage.wait_for_end(handle.job_id)

    wait_for_state(flower, handle.job_id, state)

    shown = flower.get(f"task/info/{handle.job_id}")
    assert shown["name"] == "test.scripted"
    assert shown["received"]
    assert shown["started"]
    assert SECRET not in str(shown)


def test_a_job_that_runs_is_shown_as_started(stage: Stage, flower: Flower, busy: list[str]) -> None:
    for job_id in busy:
        wait_for_state(flower, job_id, "STARTED")


@pytest.mark.parametrize("end", [End.TRANSIENT, End.NOT_YET])
def test_a_job_that_will_be_tried_again_is_shown_as_retried(stage: Stage, flower: Flower, end: End) -> None:
    handle = stage.play(end, End.RETURNS)
    stage.wait_for_end(handle.job_id)

    wait_for_state(flower, handle.job_id, "SUCCESS")

    assert flower.get(f"task/info/{handle.job_id}")["retried"]


def test_the_page_of_queues_shows_what_waits(stage: Stage, flower: Flower, busy: list[str]) -> None:
    waiting = [stage.play(End.RETURNS) for _ in range(3)]

    wait_until(lambda: flower.queue_lengths() == {QUEUE: 3}, "Flower to count what waits")

    assert stage.broker.client.llen(QUEUE) == 3
    assert QUEUE in flower.page("broker")
    for job_id in busy:
        stage.let_go(job_id)
    for handle in waiting:
        stage.wait_for_end(handle.job_id)


def test_a_waiting_job_that_is_revoked_there_is_not_run(stage: Stage, flower: Flower, busy: list[str]) -> None:
    handle, next_one = stage.play(End.RETURNS), stage.play(End.RETURNS)

    flower.post(f"task/revoke/{handle.job_id}")
    wait_until(lambda: handle.job_id in revoked(stage), "the worker to hear of it")
    for job_id in busy:
        stage.let_go(job_id)
    stage.wait_for_end(next_one.job_id)

    wait_for_state(flower, handle.job_id, "REVOKED")
    assert stage.runs(handle.job_id) == 0
    assert stage.broker.client.llen(QUEUE) == 0


def test_a_running_job_that_is_terminated_there_ends_and_is_not_run_again(stage: Stage, flower: Flower) -> None:
    handle = stage.play(End.WAITS)
    wait_until(lambda: stage.runs(handle.job_id), "the job to run")

    flower.post(f"task/revoke/{handle.job_id}", terminate="true")

    wait_for_state(flower, handle.job_id, "REVOKED")
    stage.wait_for_end(stage.play(End.RETURNS).job_id)
    assert stage.runs(handle.job_id) == 1


def test_a_rate_limit_that_is_set_there_holds(stage: Stage, flower: Flower) -> None:
    [worker] = flower.worker_names()

    answer = flower.post("task/rate-limit/test.scripted", workername=worker, ratelimit="15/m")
    first, second = stage.play(End.RETURNS), stage.play(End.RETURNS)
    apart = [stage.wait_for_end(handle.job_id).started_at for handle in (first, second)]
    flower.post("task/rate-limit/test.scripted", workername=worker, ratelimit="0")

    assert "new rate limit set successfully" in answer["message"]
    assert apart[0]
    assert apart[1]
    assert abs((apart[1] - apart[0]).total_seconds()) > 3


def test_a_stock_producer_s_job_is_shown_as_any_other(stage: Stage, flower: Flower, stock: Celery) -> None:
    job = stage.job(End.RETURNS)

    stock.send_task("test.scripted", args=[encode(job)], queue=QUEUE, task_id=job.job_id)

    wait_for_state(flower, job.job_id, "SUCCESS")
    assert stage.wait_for_end(job.job_id).state is State.DONE


def test_a_job_that_is_sent_from_there_is_run(stage: Stage, flower: Flower) -> None:
    job = stage.job(End.RETURNS)

    flower.post_json("task/send-task/test.scripted", {"args": [encode(job)], "queue": QUEUE, "task_id": job.job_id})

    assert stage.wait_for_end(job.job_id).state is State.DONE


def revoked(stage: Stage) -> list[str]:
    """What the worker was told not to run."""
    with stranger(stage.broker.broker_url) as app:
        answers = app.control.inspect(timeout=5, limit=1).revoked() or {}
    return [job_id for ids in answers.values() for job_id in ids]
