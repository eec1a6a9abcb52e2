"""Whoever waits with Celery gets what the job's record says, through a live worker."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, chain, chord, group, states
from celery.exceptions import ChordError
from celery.exceptions import TimeoutError as CeleryTimeout
from celery.result import AsyncResult

from buffrsign import JobFailed, State
from buffrsign.broker import keys
from buffrsign.broker.results import celery_backend
from buffrsign.core.ids import new_ulid
from buffrsign.jobs import encode
from buffrsign.jobs.maintenance import Canary
from tests.support.contracts import End, Scripted
from tests.support.stage import Stage
from tests.support.strangers import stranger
from tests.support.wait import wait_until

pytestmark = pytest.mark.any_transport
QUEUE = "maintenance"
SOON_S = 20
WITHOUT_A_LIFE = -1  # what Redis says of a key that never expires


@pytest.fixture(scope="module")
def app(stage: Stage) -> Iterator[Celery]:
    """A program that knows Celery, and is told where our results are."""
    url = stage.broker.broker_url
    with stranger(url) as app:
        app.conf.update(result_backend=celery_backend(url), result_expires=timedelta(hours=24))
        yield app
        backend: Any = app.backend
        for waiting in backend._pending_results:
            waiting.clear()
        backend.result_consumer.stop()
        backend.client.close()


def canary(app: Celery, note: str) -> Any:
    return app.signature(Canary.kind, args=[{"note": note}], queue=QUEUE, task_id=new_ulid(), ignore_result=False)


def scripted(app: Celery, job: Scripted, **options: Any) -> Any:
    return app.signature(
        Scripted.kind, args=[encode(job)], queue=QUEUE, task_id=job.job_id, ignore_result=False, **options
    )


def accumulate(app: Celery) -> Any:
    """A plain Celery task, which returns its arguments."""
    return app.signature("celery.accumulate", queue=QUEUE, ignore_result=False)


def test_a_kept_result_can_be_read_with_our_handle_and_with_celery(stage: Stage, app: Celery) -> None:
    handle = stage.producer.enqueue(Canary(note="hello"), keep_result=True)

    ours = handle.result(timeout=SOON_S)

    assert ours["note"] == "hello"
    assert AsyncResult(handle.job_id, app=app).get(timeout=SOON_S) == ours


def test_a_result_is_kept_once(stage: Stage, app: Celery) -> None:
    client = stage.broker.client
    handle = stage.producer.enqueue(Canary(note="hello"), keep_result=True)

    AsyncResult(handle.job_id, app=app).get(timeout=SOON_S)

    assert client.hmget(keys.record(handle.job_id), "meta", "meta_status") == [None, None]
    assert not client.exists(f"celery-task-meta-{handle.job_id}")


def test_a_caller_of_celery_gets_the_result_it_waits_for(app: Celery) -> None:
    result = canary(app, "hello").apply_async()

    assert result.get(timeout=SOON_S)["note"] == "hello"
    assert (result.ready(), result.successful(), result.state) == (True, True, states.SUCCESS)


def test_a_job_that_runs_is_started_and_not_ready(stage: Stage, app: Celery) -> None:
    job = stage.job(End.WAITS)
    result = scripted(app, job).apply_async()
    wait_until(lambda: stage.runs(job.job_id), "the job to run")

    assert (result.state, result.ready()) == (states.STARTED, False)
    with pytest.raises(CeleryTimeout):
        result.get(timeout=0.1)

    stage.let_go(job.job_id)
    assert result.get(timeout=SOON_S) == {"outcome": "run 1", "run": 1}


def test_a_dead_job_s_error_is_the_same_for_who_waited_and_for_who_asks_later(stage: Stage, app: Celery) -> None:
    job = stage.job(End.PERMANENT)
    waited = scripted(app, job).apply_async()

    with pytest.raises(JobFailed, match="is dead: Permanent: nobody can do this") as early:
        waited.get(timeout=SOON_S)
    with pytest.raises(JobFailed) as late:
        AsyncResult(job.job_id, app=app).get(timeout=SOON_S)

    assert str(early.value) == str(late.value)
    assert waited.get(propagate=False).state is State.DEAD
    assert (waited.failed(), waited.state) == (True, states.FAILURE)


def test_a_forgotten_result_is_gone_and_the_job_s_record_is_not(stage: Stage, app: Celery) -> None:
    result = canary(app, "hello").apply_async()
    result.get(timeout=SOON_S)

    result.forget()

    assert AsyncResult(result.id, app=app).result is None
    assert stage.status(result.id).state is State.DONE


def test_a_group_s_results_come_as_they_are_ready(app: Celery) -> None:
    notes = ["one", "two", "three"]
    result = group(canary(app, note) for note in notes).apply_async()

    arrived = {task_id: meta["result"]["note"] for task_id, meta in result.iter_native(timeout=SOON_S)}

    assert [arrived[each.id] for each in result.results] == notes
    assert [answer["note"] for answer in result.join_native(timeout=SOON_S)] == notes
    assert result.successful()


def test_a_group_raises_the_error_of_its_dead_member(stage: Stage, app: Celery) -> None:
    members = [canary(app, "well"), scripted(app, stage.job(End.PERMANENT))]

    result = group(members).apply_async()

    with pytest.raises(JobFailed, match="nobody can do this"):
        result.get(timeout=SOON_S)


def test_a_chord_runs_its_callback_with_all_results_and_leaves_nothing_without_a_life(
    stage: Stage, app: Celery
) -> None:
    client = stage.broker.client

    result = chord([canary(app, "one"), canary(app, "two")])(accumulate(app))

    assert sorted(answer["note"] for answer in result.get(timeout=SOON_S)[0]) == ["one", "two"]
    assert 0 < client.ttl(keys.record(result.id)) <= 24 * 3600
    parts = list(client.scan_iter(match="celery-taskset-meta-*"))
    assert WITHOUT_A_LIFE not in {client.ttl(part) for part in parts}, parts  # Celery may remove them right now


def test_a_chord_with_a_dead_member_fails_and_says_which(stage: Stage, app: Celery) -> None:
    job = stage.job(End.PERMANENT)

    result = chord([canary(app, "well"), scripted(app, job)])(accumulate(app))

    with pytest.raises(ChordError, match=f"Dependency {job.job_id} raised"):
        AsyncResult(result.id, app=app).get(timeout=SOON_S)


def test_a_chord_waits_for_a_member_that_is_tried_again(stage: Stage, app: Celery) -> None:
    job = stage.job(End.TRANSIENT, End.NOT_YET, End.RETURNS)

    result = chord([canary(app, "well"), scripted(app, job)])(accumulate(app))

    assert {"outcome": "run 3", "run": 3} in result.get(timeout=SOON_S)[0]


def test_a_chord_of_groups_keeps_their_structure(app: Celery) -> None:
    header = [group(canary(app, "one"), canary(app, "two")), canary(app, "three")]

    result = chord(header)(accumulate(app))

    [answers] = result.get(timeout=SOON_S)
    assert sorted(answer["note"] for answer in answers) == ["one", "three", "two"]


def test_a_chain_s_first_job_names_the_next_as_its_child(stage: Stage, app: Celery) -> None:
    result = chain(canary(app, "first"), accumulate(app)).apply_async()

    [answer] = result.get(timeout=SOON_S)

    assert answer["note"] == "first"
    first = AsyncResult(result.parent.id, app=app)
    assert [child.id for child in first.children] == [result.id]
    assert first.get(timeout=SOON_S) == answer


def test_a_chain_behind_a_dead_job_fails_with_its_error(stage: Stage, app: Celery) -> None:
    result = chain(scripted(app, stage.job(End.PERMANENT)), accumulate(app)).apply_async()

    with pytest.raises(Exception, match="nobody can do this"):
        result.get(timeout=SOON_S)


def test_a_plain_task_s_own_error_is_raised_early_and_late(app: Celery) -> None:
    result = accumulate(app).clone(args=[1], kwargs={"index": 5}).apply_async()

    with pytest.raises((IndexError, JobFailed)):  # the record may say first that it failed
        result.get(timeout=SOON_S)
    wait_until(lambda: AsyncResult(result.id, app=app).traceback, "Celery's own word")
    with pytest.raises(IndexError):
        AsyncResult(result.id, app=app).get(timeout=SOON_S)


def test_a_result_of_a_plain_task_can_be_waited_for_and_forgotten(stage: Stage, app: Celery) -> None:
    result = accumulate(app).clone(args=[1, 2]).apply_async()

    assert result.get(timeout=SOON_S) == [1, 2]
    result.forget()

    assert stage.broker.client.hmget(keys.record(result.id), "meta", "meta_status") == [None, None]


def test_nothing_is_written_for_a_plain_task_whose_result_nobody_wants(stage: Stage, app: Celery) -> None:
    result = app.signature("celery.accumulate", args=[1], queue=QUEUE, ignore_result=True).apply_async()
    stage.wait_for_end(stage.play(End.RETURNS).job_id)

    assert stage.broker.client.hmget(keys.record(result.id), "meta", "meta_status") == [None, None]
