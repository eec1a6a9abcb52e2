"""Waiting for what a task returned."""

from datetime import timedelta
from threading import Thread

import pytest

from buffrsign import JobFailed, ResultNotKept, State
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Ended
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import pop, read, take

RESULT = {"outcome": "answered", "pages": 2, "names": ["ä"]}


def test_a_kept_result_is_returned(producer, client, deliveries):
    handle = producer.enqueue(Canary(), keep_result=True)
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="answered", result=RESULT)

    assert handle.result(timeout=0) == RESULT
    assert handle.result(timeout=0) == RESULT


def test_a_caller_that_waits_gets_the_result_when_the_job_is_done(producer, client, deliveries):
    handle = producer.enqueue(Canary(), keep_result=True)
    delivery = take(client)
    deliveries.begin(delivery)
    worker = Thread(target=deliveries.finish, args=[delivery], kwargs={"outcome": "answered", "result": RESULT})

    worker.start()

    assert handle.result(timeout=10) == RESULT
    worker.join()


def test_a_result_that_nobody_asked_for_is_not_kept(producer, client, deliveries):
    handle = producer.enqueue(Canary())
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="answered", result=RESULT)

    with pytest.raises(ResultNotKept, match="enqueue it with keep_result=True"):
        handle.result(timeout=0)
    assert handle.status().outcome == "answered"
    assert b"result" not in client.hgetall(f"buffrsign:job:{handle.job_id}")


def test_an_unknown_job_has_no_result(producer):
    with pytest.raises(ResultNotKept):
        producer.result(Canary().job_id, timeout=0)


def test_a_result_that_does_not_come_in_time_is_a_timeout_that_says_how_far_the_job_is(producer):
    handle = producer.enqueue(Canary(), delay=timedelta(hours=1), keep_result=True)

    with pytest.raises(TimeoutError, match=f"{handle.job_id} is still scheduled after 0.05 s"):
        handle.result(timeout=0.05)


def test_a_dead_job_has_its_error_instead_of_a_result(producer, client, deliveries):
    handle = producer.enqueue(Canary(), keep_result=True)
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.bury(delivery, reason=Reason.PERMANENT, error="it is no PDF")

    with pytest.raises(JobFailed, match="is dead: it is no PDF") as caught:
        handle.result(timeout=0)
    assert (caught.value.job_id, caught.value.state, caught.value.error) == (handle.job_id, State.DEAD, "it is no PDF")


def test_a_cancelled_job_says_that_it_was_taken_back(producer):
    handle = producer.enqueue(Canary(), keep_result=True)
    handle.cancel()

    with pytest.raises(JobFailed, match="is cancelled: it was taken back before it started"):
        handle.result(timeout=0)


def test_a_job_that_is_delivered_again_after_its_end_answers_with_its_result(producer, client, deliveries):
    producer.enqueue(Canary(), keep_result=True)
    message = pop(client)
    deliveries.begin(read(message))
    deliveries.finish(read(message), outcome="answered", result=RESULT)

    assert deliveries.begin(read(message)) == Ended(State.DONE, RESULT)


def test_a_result_survives_the_tries_before_it(producer, client, deliveries, schedule):
    handle = producer.enqueue(Canary(), keep_result=True)
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.retry(delivery, delay=timedelta(0), error="the mail server is away")
    schedule.promote()
    second = take(client)
    deliveries.begin(second)
    deliveries.finish(second, outcome="answered", result=RESULT)

    assert second.request["ignore_result"] is False
    assert handle.result(timeout=0) == RESULT
    assert handle.status().error is None
