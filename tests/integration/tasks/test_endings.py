"""The table of endings in `tasks/base.py`, row by row, on a live worker."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery

from buffrsign import State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.core.clock import utc_now
from buffrsign.core.ids import new_ulid
from buffrsign.jobs import Job, encode
from buffrsign.jobs.job import NEWER_VERSION_DELAY
from tests.support.contracts import ATTEMPTS, SECRET, End
from tests.support.stage import Stage
from tests.support.strangers import stranger
from tests.support.wait import wait_until

SOFT_LIMIT_S = 1.5
"""The run that follows has to end within it, in a new process, on a machine that is busy."""


@pytest.fixture(scope="module")
def stock(stage: Stage) -> Iterator[Celery]:
    """A producer that knows nothing of this project."""
    with stranger(stage.broker.broker_url) as app:
        yield app


def send(stock: Celery, job: Job, **options: Any) -> None:
    stock.send_task(job.kind, args=[encode(job)], task_id=job.job_id, queue=job.queue.value, **options)


@pytest.mark.any_transport
def test_a_job_that_returns_is_done(stage: Stage) -> None:
    job_id = stage.play(End.RETURNS).job_id

    status = stage.wait_for_end(job_id)

    assert (status.state, status.attempts, status.outcome) == (State.DONE, 1, "run 1")
    assert status.error is None
    assert DeadLetters(stage.broker.client).find(job_id) is None


@pytest.mark.any_transport
def test_what_is_transient_is_tried_again_until_it_works(stage: Stage) -> None:
    job_id = stage.play(End.TRANSIENT, End.TRANSIENT, End.RETURNS).job_id

    status = stage.wait_for_end(job_id)

    assert (status.state, status.attempts, status.outcome) == (State.DONE, 3, "run 3")
    assert status.error is None


@pytest.mark.any_transport
def test_what_stays_transient_becomes_a_dead_letter_after_its_attempts(stage: Stage) -> None:
    job_id = stage.play(End.TRANSIENT).job_id

    status = stage.wait_for_end(job_id)

    letter = stage.dead_letter(job_id)
    assert (status.state, status.attempts, stage.runs(job_id)) == (State.DEAD, ATTEMPTS, ATTEMPTS)
    assert (letter.reason, letter.attempts) == (Reason.ATTEMPTS, ATTEMPTS)
    assert letter.error == "after 3 attempts: Transient: the server is away; wait"


@pytest.mark.any_transport
def test_what_is_permanent_becomes_a_dead_letter_at_once(stage: Stage) -> None:
    job_id = stage.play(End.PERMANENT).job_id

    status = stage.wait_for_end(job_id)

    letter = stage.dead_letter(job_id)
    assert (status.state, stage.runs(job_id)) == (State.DEAD, 1)
    assert letter.reason is Reason.PERMANENT
    assert letter.error == status.error == "Permanent: nobody can do this; ask for something else"
    assert letter.worker.startswith("maintenance")


@pytest.mark.any_transport
def test_what_is_in_doubt_becomes_a_dead_letter_that_says_so_and_is_not_tried_again(stage: Stage) -> None:
    job_id = stage.play(End.IN_DOUBT).job_id

    status = stage.wait_for_end(job_id)

    letter = stage.dead_letter(job_id)
    assert (status.state, stage.runs(job_id), letter.reason) == (State.DEAD, 1, Reason.UNCERTAIN)
    assert letter.error == "InDoubt: it may have happened; find out"


@pytest.mark.any_transport
def test_what_is_too_early_comes_back_and_spends_no_attempt(stage: Stage) -> None:
    early = [End.NOT_YET] * (ATTEMPTS + 2)
    job_id = stage.play(*early, End.RETURNS).job_id

    status = stage.wait_for_end(job_id)

    assert (status.state, status.attempts) == (State.DONE, 1)
    assert stage.runs(job_id) == len(early) + 1


@pytest.mark.any_transport
def test_a_fault_of_ours_is_tried_again_and_its_message_is_shown_nowhere(stage: Stage) -> None:
    logged_before = len(stage.log())
    job_id = stage.play(End.FAULT).job_id

    stage.wait_for_end(job_id)

    letter = stage.dead_letter(job_id)
    assert (letter.reason, stage.runs(job_id)) == (Reason.ATTEMPTS, ATTEMPTS)
    assert letter.error.startswith("after 3 attempts: KeyError at app.py:")
    assert "task failed unexpectedly" in stage.log()[logged_before:]
    assert SECRET not in stage.log() + letter.error


@pytest.mark.any_transport
def test_a_job_whose_process_is_killed_is_delivered_again(stage: Stage) -> None:
    job_id = stage.play(End.KILLED, End.RETURNS).job_id

    status = stage.wait_for_end(job_id)

    assert (status.state, status.outcome) == (State.DONE, "run 2")


def test_a_job_that_killed_its_process_three_times_becomes_a_dead_letter(stage: Stage) -> None:
    job_id = stage.play(End.KILLED).job_id

    stage.wait_for_end(job_id)

    letter = stage.dead_letter(job_id)
    assert (letter.reason, stage.runs(job_id)) == (Reason.KILLER, 3)
    assert letter.error.startswith("it ran 3 times in a process that never came back; the last time, its ")


@pytest.mark.any_transport
def test_a_job_that_exceeds_its_soft_limit_is_tried_again(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.WAITS, End.RETURNS)

    send(stock, job, soft_time_limit=SOFT_LIMIT_S)

    status = stage.wait_for_end(job.job_id)
    assert (status.state, status.outcome) == (State.DONE, "run 2")


@pytest.mark.any_transport
def test_a_job_that_exceeds_its_hard_limit_is_delivered_again(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.HANGS, End.RETURNS)

    send(stock, job, soft_time_limit=SOFT_LIMIT_S, time_limit=SOFT_LIMIT_S + 0.5)

    status = stage.wait_for_end(job.job_id)
    assert (status.state, status.outcome) == (State.DONE, "run 2")


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ([{"ends": ["explodes"], "journal": "x"}], "$.ends[0]"),
        ([{"ends": ["returns"]}], "journal"),
        ([{"ends": ["returns"], "journal": "x", "colour": "red"}], "colour"),
        (["returns", "x"], "expected an object"),
        ([], "ends"),
        ([None], "expected an object"),
    ],
)
@pytest.mark.any_transport
def test_a_payload_that_does_not_fit_becomes_a_dead_letter_with_the_field_named(
    stage: Stage, stock: Celery, args: list[Any], named: str
) -> None:
    job_id = new_ulid()

    stock.send_task("test.scripted", args=args, task_id=job_id, queue="maintenance")

    assert stage.wait_for_end(job_id).state is State.DEAD
    letter = stage.dead_letter(job_id)
    assert letter.reason is Reason.REFUSED
    assert named in letter.error
    assert stage.wait_for_end(stage.play(End.RETURNS).job_id).state is State.DONE


@pytest.mark.any_transport
def test_a_payload_deeper_than_json_goes_becomes_a_dead_letter(stage: Stage, stock: Celery) -> None:
    job_id = new_ulid()
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]

    stock.send_task("test.scripted", args=[{"ends": deep, "journal": "x"}], task_id=job_id, queue="maintenance")

    assert stage.wait_for_end(job_id).state is State.DEAD
    assert stage.dead_letter(job_id).reason is Reason.REFUSED


@pytest.mark.any_transport
def test_a_job_id_that_is_no_ulid_becomes_a_dead_letter(stage: Stage, stock: Celery) -> None:
    stock.send_task("test.scripted", args=[{"ends": ["returns"], "journal": "x"}], task_id="7", queue="maintenance")

    assert stage.wait_for_end("7").state is State.DEAD
    assert stage.dead_letter("7").reason is Reason.REFUSED


@pytest.mark.parametrize("odd", [{"x-note": "half \ud800"}, {"x-note": 10**30}], ids=["half a character", "huge"])
@pytest.mark.any_transport
def test_a_message_for_no_task_becomes_a_dead_letter_whatever_its_headers(stage: Stage, stock: Celery, odd) -> None:
    job_id = new_ulid()

    stock.send_task("nobody.knows", task_id=job_id, queue="maintenance", headers=odd)

    stage.wait_for_end(job_id)
    assert stage.dead_letter(job_id).reason is Reason.UNKNOWN_TASK
    assert stage.wait_for_end(stage.play(End.RETURNS).job_id).state is State.DONE


@pytest.mark.any_transport
def test_the_fields_of_a_payload_may_come_as_keyword_arguments(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)

    stock.send_task(job.kind, kwargs=encode(job), task_id=job.job_id, queue="maintenance")

    assert stage.wait_for_end(job.job_id).state is State.DONE


@pytest.mark.any_transport
def test_a_newer_version_waits_for_a_newer_worker_and_spends_no_attempt(stage: Stage, stock: Celery) -> None:
    job = stage.job(End.RETURNS)
    sent_at = utc_now()

    stock.send_task(job.kind, args=[{**encode(job), "v": 99}], task_id=job.job_id, queue="maintenance")

    status = stage.wait_for(job.job_id, State.SCHEDULED)
    assert (status.attempts, stage.runs(job.job_id)) == (0, 0)
    assert timedelta(0) < status.due_at - sent_at - NEWER_VERSION_DELAY < timedelta(seconds=20)
    assert "version 99" in str(status.error)
    assert stage.producer.cancel(job.job_id)


def test_a_job_survives_the_loss_of_its_worker_s_connections_while_it_runs(stage: Stage) -> None:
    job_id = stage.play(End.WAITS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")

    stage.broker.client.client_kill_filter(_type="normal")
    stage.let_go(job_id)

    assert stage.wait_for_end(job_id).state is State.DONE
    assert stage.runs(job_id) == 1
    after = stage.play(End.RETURNS).job_id
    assert stage.wait_for_end(after).state is State.DONE


@pytest.mark.any_transport
def test_a_job_that_was_done_before_is_not_done_again_when_it_is_delivered_once_more(
    stage: Stage, stock: Celery
) -> None:
    job = stage.job(End.RETURNS)
    stage.producer.enqueue(job)
    stage.wait_for_end(job.job_id)

    send(stock, job)
    stage.wait_for_end(stage.play(End.RETURNS).job_id)

    wait_until(lambda: f"delivery ignored  job_id={job.job_id}" in stage.log(), "the second delivery")
    assert stage.runs(job.job_id) == 1


@pytest.mark.any_transport
def test_a_job_cancelled_in_its_queue_does_not_run(stage: Stage) -> None:
    blockers = [stage.play(End.WAITS).job_id for _ in range(2)]
    wait_until(lambda: all(map(stage.runs, blockers)), "both processes to be busy")
    job_id = stage.play(End.RETURNS).job_id

    assert stage.producer.cancel(job_id)
    for blocker in blockers:
        stage.let_go(blocker)
        stage.wait_for_end(blocker)
    stage.wait_for_end(stage.play(End.RETURNS).job_id)

    assert stage.runs(job_id) == 0
    assert stage.status(job_id).state is State.CANCELLED


@pytest.mark.any_transport
def test_a_kept_result_survives_tries_that_failed(stage: Stage) -> None:
    handle = stage.play(End.TRANSIENT, End.NOT_YET, End.RETURNS, keep_result=True)

    assert handle.result(timeout=20) == {"outcome": "run 3", "run": 3}


def test_a_plain_task_that_is_acknowledged_early_runs_all_the_same(stage: Stage, stock: Celery) -> None:
    trace = stage.folder / "trace"

    stock.send_task("test.acknowledged_early", args=[str(trace)], queue="maintenance")

    wait_until(trace.exists, "the task's trace")
