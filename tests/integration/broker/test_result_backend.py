"""Celery's result backend over our records, with a worker's side by hand."""

import inspect
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from celery import Celery, states
from celery.exceptions import TaskRevokedError
from celery.exceptions import TimeoutError as CeleryTimeout
from celery.result import AsyncResult, GroupResult
from celery.worker.request import Context
from redis import Redis

from buffrsign import Handle, JobFailed, Producer, ResultNotKept, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.broker.result_backend import RecordBackend, RecordConsumer, SentinelRecordBackend
from buffrsign.broker.results import celery_backend
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.deliveries import take
from tests.support.wait import wait_until

RESULT = {"outcome": "answered", "pages": 2}
SOON_S = 10


@pytest.fixture
def app(broker: TestBroker) -> Iterator[Celery]:
    """An application that keeps its results as our workers do."""
    with Celery("ours", broker=broker.broker_url, set_as_current=False) as app:
        app.conf.result_backend = celery_backend(broker.broker_url)
        app.conf.result_expires = timedelta(hours=24)
        yield app
        leave(app)


@pytest.fixture
def backend(app: Celery) -> Any:
    return app.backend


@pytest.fixture
def kept(producer: Producer) -> Handle:
    """A job in its queue whose result is wanted."""
    return producer.enqueue(Canary(), keep_result=True)


def begun(client: Redis, deliveries: Deliveries) -> Delivery:
    delivery = take(client)
    deliveries.begin(delivery)
    return delivery


def leave(app: Celery) -> None:
    """Wait for nothing any more: else Celery unsubscribes when its results are collected, from a server long gone."""
    backend: Any = app.backend
    for results in backend._pending_results:
        results.clear()
    backend.result_consumer.stop()
    backend.client.close()


def listens(client: Redis, job_id: str) -> bool:
    """Whether somebody waits for this job."""
    [(_channel, listeners)] = client.pubsub_numsub(keys.result_channel(job_id))
    return bool(listeners)


def context(delivery: Delivery, **more: Any) -> Context:
    """What Celery knows of a delivery when it hands its outcome to the backend."""
    return Context({**delivery.request, "task": delivery.kind, **more})


def test_the_url_of_the_setting_names_this_backend(app: Celery, broker: TestBroker) -> None:
    assert type(app.backend) is RecordBackend
    assert app.backend.as_uri(include_password=True) == broker.broker_url


def test_celery_still_has_the_private_names_that_are_used() -> None:
    consumer, backend = RecordConsumer.__mro__[1], RecordBackend.__mro__[1]

    assert {"_reconnect_pubsub", "_locked", "_pubsub"} <= set(dir(consumer))
    assert "_pending_unsubscribe" in inspect.getsource(consumer)
    assert {"_store_result", "_get_result_meta", "_set"} <= set(dir(backend))


def test_behind_sentinels_the_backend_asks_them() -> None:
    with Celery("sentinels", set_as_current=False) as app:
        app.conf.result_backend = celery_backend("sentinel://one:26379/0;sentinel://two:26379/0")

        assert type(app.backend) is SentinelRecordBackend
        assert [host["host"] for host in app.backend.connparams["hosts"]] == ["one", "two"]


def test_the_record_answers_in_celery_s_words(app: Celery, client: Redis, deliveries: Deliveries, kept: Handle) -> None:
    seen = [AsyncResult(kept.job_id, app=app).state]
    delivery = begun(client, deliveries)
    seen.append(AsyncResult(kept.job_id, app=app).state)
    deliveries.finish(delivery, outcome="answered", result=RESULT)
    done = AsyncResult(kept.job_id, app=app)

    assert [*seen, done.state] == [states.PENDING, states.STARTED, states.SUCCESS]
    assert done.get(timeout=0) == RESULT
    assert (done.name, done.queue, done.worker) == (Canary.kind, "maintenance", delivery.worker)
    assert done.date_done == kept.status().ended_at


def test_a_job_that_is_tried_again_says_why(app: Celery, client: Redis, deliveries: Deliveries, kept: Handle) -> None:
    deliveries.retry(begun(client, deliveries), delay=timedelta(hours=1), error="the mail server is away")

    result = AsyncResult(kept.job_id, app=app)

    assert (result.state, result.retries) == (states.RETRY, 1)
    assert str(result.result) == "the mail server is away"


def test_a_dead_job_raises_its_error(app: Celery, client: Redis, deliveries: Deliveries, kept: Handle) -> None:
    deliveries.bury(begun(client, deliveries), reason=Reason.PERMANENT, error="it is no PDF")

    with pytest.raises(JobFailed, match="is dead: it is no PDF") as caught:
        AsyncResult(kept.job_id, app=app).get(timeout=0)

    assert (caught.value.job_id, caught.value.state) == (kept.job_id, State.DEAD)
    assert AsyncResult(kept.job_id, app=app).state == states.FAILURE


def test_a_cancelled_job_is_a_revoked_one(app: Celery, kept: Handle) -> None:
    kept.cancel()

    with pytest.raises(TaskRevokedError, match="is cancelled: it was taken back before it started"):
        AsyncResult(kept.job_id, app=app).get(timeout=0)


def test_who_waits_learns_that_the_job_was_cancelled(app: Celery, client: Redis, kept: Handle) -> None:
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            AsyncResult(kept.job_id, app=app).get(timeout=SOON_S)
        except TaskRevokedError as error:
            caught.append(error)

    waiting = Thread(target=wait)
    waiting.start()
    wait_until(lambda: listens(client, kept.job_id), "the application to listen")

    kept.cancel()

    waiting.join()
    assert len(caught) == 1


def test_an_unknown_job_is_pending_for_ever(app: Celery) -> None:
    result = AsyncResult(new_ulid(), app=app)

    assert result.state == states.PENDING
    assert not app.backend.task_result_exists(result.id)
    with pytest.raises(CeleryTimeout):
        result.get(timeout=0.05)


def test_celery_writes_the_result_of_our_job_no_second_time(
    backend: Any, client: Redis, deliveries: Deliveries, kept: Handle
) -> None:
    delivery = begun(client, deliveries)
    deliveries.finish(delivery, outcome="answered", result=RESULT)
    before = client.hgetall(keys.record(kept.job_id))

    backend.mark_as_done(kept.job_id, RESULT, context(delivery))

    assert client.hgetall(keys.record(kept.job_id)) == before
    assert not client.exists(f"celery-task-meta-{kept.job_id}")


def test_celery_s_word_wakes_who_waits_for_a_handle(
    backend: Any, client: Redis, deliveries: Deliveries, kept: Handle
) -> None:
    answers: list[Any] = []
    waiting = Thread(target=lambda: answers.append(kept.result(timeout=SOON_S)))
    delivery = begun(client, deliveries)

    waiting.start()
    wait_until(lambda: listens(client, kept.job_id), "somebody to listen")
    deliveries.finish(delivery, outcome="answered", result=RESULT)
    backend.mark_as_done(kept.job_id, RESULT, context(delivery))

    waiting.join()
    assert answers == [RESULT]


def test_the_result_of_a_job_that_a_stock_producer_sent_is_kept_too(
    app: Celery, client: Redis, deliveries: Deliveries
) -> None:
    job = Canary()
    delivery = Delivery(job.job_id, Canary.kind, "maintenance", "maintenance@test", {"id": job.job_id, "retries": 0})
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="answered", result=RESULT)

    app.backend.mark_as_done(job.job_id, RESULT, context(delivery))

    assert AsyncResult(job.job_id, app=app).get(timeout=0) == RESULT
    assert 0 < client.ttl(keys.record(job.job_id)) <= 24 * 3600


def test_a_result_that_celery_has_yet_to_bring_is_waited_for(
    app: Celery, client: Redis, deliveries: Deliveries
) -> None:
    job = Canary()
    delivery = Delivery(job.job_id, Canary.kind, "maintenance", "maintenance@test", {"id": job.job_id, "retries": 0})
    deliveries.begin(delivery)
    client.hset(keys.record(job.job_id), mapping={"state": "done", "ended_at": 1_700_000_000_000})

    assert not AsyncResult(job.job_id, app=app).ready()


def test_a_job_that_will_be_delivered_again_has_not_failed(
    app: Celery, client: Redis, deliveries: Deliveries, kept: Handle
) -> None:
    delivery = begun(client, deliveries)

    app.backend.mark_as_failure(kept.job_id, TimeoutError("its hard limit"), request=context(delivery))

    assert AsyncResult(kept.job_id, app=app).state == states.STARTED
    deliveries.finish(delivery, outcome="answered", result=RESULT)
    app.backend.mark_as_done(kept.job_id, RESULT, context(delivery))
    assert AsyncResult(kept.job_id, app=app).get(timeout=0) == RESULT


def test_the_tasks_that_follow_a_job_are_its_children(
    app: Celery, client: Redis, deliveries: Deliveries, kept: Handle
) -> None:
    delivery = begun(client, deliveries)
    deliveries.finish(delivery, outcome="answered", result=RESULT)
    follower = AsyncResult(new_ulid(), app=app)

    app.backend.mark_as_done(kept.job_id, RESULT, context(delivery, _children=[follower]))

    result = AsyncResult(kept.job_id, app=app)
    assert [child.id for child in result.children] == [follower.id]
    assert result.get(timeout=0) == RESULT


def test_a_plain_celery_task_s_meta_is_a_field_with_a_life(app: Celery, client: Redis) -> None:
    task_id = new_ulid()

    app.backend.store_result(task_id, [1, 2], states.SUCCESS)

    assert AsyncResult(task_id, app=app).get(timeout=0) == [1, 2]
    assert set(client.hkeys(keys.record(task_id))) == {b"meta", b"meta_status"}
    assert 24 * 3600 - 60 < client.ttl(keys.record(task_id)) <= 24 * 3600


def test_a_plain_task_s_meta_stands_beside_a_record_of_how_it_went(app: Celery, client: Redis) -> None:
    task_id = new_ulid()
    client.hset(
        keys.record(task_id),
        mapping={"kind": "celery.accumulate", "state": "running", "starts": 1, "result": "{}", "keeps_result": 1},
    )

    app.backend.store_result(task_id, [1, 2], states.SUCCESS)
    client.hset(keys.record(task_id), mapping={"state": "done", "ended_at": 1_700_000_000_000})

    assert AsyncResult(task_id, app=app).get(timeout=0) == [1, 2]


def test_the_first_success_of_a_plain_task_stands(app: Celery) -> None:
    task_id = new_ulid()
    app.backend.store_result(task_id, None, states.STARTED)
    app.backend.store_result(task_id, "first", states.SUCCESS)

    app.backend.store_result(task_id, ValueError("the second run"), states.FAILURE)

    assert AsyncResult(task_id, app=app).get(timeout=0) == "first"


def test_a_plain_task_s_error_is_raised_with_its_traceback(app: Celery) -> None:
    task_id = new_ulid()
    app.backend.store_result(task_id, ValueError("not today"), states.FAILURE, traceback="line 1")

    with pytest.raises(ValueError, match="not today"):
        AsyncResult(task_id, app=app).get(timeout=0)

    assert AsyncResult(task_id, app=app).traceback == "line 1"


def test_what_a_stock_worker_stored_is_read_too(app: Celery, client: Redis, kept: Handle) -> None:
    client.set(f"celery-task-meta-{kept.job_id}", app.backend.encode(meta(kept.job_id)), ex=60)

    assert AsyncResult(kept.job_id, app=app).get(timeout=0) == RESULT


def test_a_stock_application_that_waits_is_woken_with_the_whole_result(
    app: Celery, broker: TestBroker, client: Redis
) -> None:
    task_id, answers = new_ulid(), []
    with Celery("stock", backend=broker.broker_url, set_as_current=False) as stock:
        waiting = Thread(target=lambda: answers.append(AsyncResult(task_id, app=stock).get(timeout=SOON_S)))

        waiting.start()
        wait_until(lambda: listens(client, task_id), "the application to listen")
        app.backend.store_result(task_id, RESULT, states.SUCCESS)

        waiting.join()
        leave(stock)
    assert answers == [RESULT]


def test_forgetting_a_job_of_ours_leaves_its_record(
    app: Celery, client: Redis, deliveries: Deliveries, kept: Handle
) -> None:
    deliveries.finish(begun(client, deliveries), outcome="answered", result=RESULT)

    AsyncResult(kept.job_id, app=app).forget()

    with pytest.raises(ResultNotKept):
        kept.result(timeout=0)
    assert AsyncResult(kept.job_id, app=app).result is None
    assert kept.status().state is State.DONE


def test_forgetting_a_plain_task_leaves_nothing(app: Celery, client: Redis) -> None:
    task_id = new_ulid()
    app.backend.store_result(task_id, "once", states.SUCCESS)

    AsyncResult(task_id, app=app).forget()

    assert not client.exists(keys.record(task_id))
    assert AsyncResult(task_id, app=app).state == states.PENDING


def test_a_group_is_saved_restored_and_deleted(app: Celery, client: Redis) -> None:
    ids = [new_ulid(), new_ulid()]
    for number, task_id in enumerate(ids):
        app.backend.store_result(task_id, number, states.SUCCESS)
    group = GroupResult(new_ulid(), [AsyncResult(task_id, app=app) for task_id in ids], app=app)

    group.save()
    restored = GroupResult.restore(group.id, app=app)

    assert restored.join(timeout=SOON_S) == restored.join_native(timeout=SOON_S) == [0, 1]
    assert restored.completed_count() == 2
    assert client.ttl(f"celery-taskset-meta-{group.id}") > 0
    restored.delete()
    assert GroupResult.restore(group.id, app=app) is None


def test_results_are_found_after_every_connection_was_dropped(app: Celery, client: Redis) -> None:
    task_id, answers = new_ulid(), []
    waiting = Thread(target=lambda: answers.append(AsyncResult(task_id, app=app).get(timeout=SOON_S)))
    waiting.start()
    wait_until(lambda: listens(client, task_id), "the application to listen")

    client.client_kill_filter(_type="pubsub")
    client.hset(keys.record(task_id), mapping={"meta": app.backend.encode(meta(task_id)), "meta_status": "SUCCESS"})
    client.expire(keys.record(task_id), 60)

    waiting.join()
    assert answers == [RESULT]


def meta(task_id: str) -> dict[str, Any]:
    return {"task_id": task_id, "status": states.SUCCESS, "result": RESULT, "traceback": None, "children": []}
