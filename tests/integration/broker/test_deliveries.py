"""A worker's side of the broker: every move of a job, and what its record says then."""

from datetime import timedelta

import pytest

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Ended
from buffrsign.broker.limits import ENDED_TTL, WAITING_TTL
from buffrsign.broker.schedule import Schedule
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import WORKER, pop, read, take
from tests.support.jobs import letter
from tests.support.records import whole

NOW = timedelta(0)
HOUR = timedelta(hours=1)


def test_a_job_that_begins_is_running(job, client, deliveries):
    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)

    status = job.status()
    assert (status.state, status.attempts, status.worker) == (State.RUNNING, 1, WORKER)
    assert abs(utc_now() - status.started_at) < timedelta(minutes=1)
    assert 0 <= status.waited_ms < 60_000


def test_a_job_waited_from_the_moment_it_was_due(producer, client, deliveries, schedule):
    handle = producer.enqueue(Canary(), delay=timedelta(milliseconds=1))
    client.hset(whole(client, handle.job_id), "ready_at", int(client.time()[0] - 60) * 1000)  # due a minute ago
    client.zadd(keys.SCHEDULE, {handle.job_id: 0})
    schedule.promote()

    deliveries.begin(take(client))

    assert 60_000 <= handle.status().waited_ms < 90_000


def test_a_job_that_is_done_says_how_it_went(job, client, deliveries):
    delivery = take(client)
    deliveries.begin(delivery)

    deliveries.finish(delivery, outcome="answered", result={"outcome": "answered"})

    status = job.status()
    assert (status.state, status.outcome, status.error) == (State.DONE, "answered", None)
    assert status.ended_at >= status.started_at >= status.due_at == status.enqueued_at
    assert 0 <= status.ran_ms < 60_000


def test_a_job_that_failed_comes_back_as_the_next_attempt(job, client, deliveries, schedule):
    first = take(client)
    deliveries.begin(first)

    deliveries.retry(first, delay=NOW, error="the mail server is away")

    status = job.status()
    assert (status.state, status.attempts, status.error) == (State.RETRYING, 1, "the mail server is away")
    schedule.promote()
    assert deliveries.begin(take(client)) == Begun(attempt=2, crashes=0)


def test_a_job_that_came_too_early_spends_no_attempt(job, client, deliveries, schedule):
    for _ in range(3):
        delivery = take(client)
        assert deliveries.begin(delivery) == Begun(attempt=1, crashes=0)
        deliveries.postpone(delivery, delay=NOW, reason="waiting for a newer worker")
        schedule.promote()

    assert job.status().attempts == 0
    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)


def test_a_job_that_goes_back_waits_for_its_delay(job, client, deliveries, schedule):
    delivery = take(client)
    deliveries.begin(delivery)

    deliveries.retry(delivery, delay=HOUR, error="away")

    assert schedule.promote().moved == 0
    assert abs(job.status().due_at - utc_now() - HOUR) < timedelta(minutes=1)


def test_starts_that_never_came_back_are_counted_as_crashes(job, client, deliveries):
    message = pop(client)

    begun = [deliveries.begin(read(message)) for _ in range(3)]

    assert begun == [Begun(attempt=1, crashes=0), Begun(attempt=2, crashes=1), Begun(attempt=3, crashes=2)]
    assert job.status().attempts == 3


def test_failures_and_early_starts_are_no_crashes(job, client, deliveries, schedule):
    deliveries.begin(read(message := pop(client)))
    deliveries.begin(read(message))  # the first start's process was killed
    deliveries.retry(read(message), delay=NOW, error="away")
    schedule.promote()
    deliveries.begin(read(message := pop(client)))
    deliveries.postpone(read(message), delay=NOW, reason="early")
    schedule.promote()

    assert deliveries.begin(take(client)) == Begun(attempt=3, crashes=1)


def test_a_job_that_dies_is_a_dead_letter(job, client, deliveries, dead_letters):
    delivery = take(client)
    deliveries.begin(delivery)

    deliveries.bury(delivery, reason=Reason.PERMANENT, error="it is no PDF")

    status = job.status()
    assert (status.state, status.error, status.attempts) == (State.DEAD, "it is no PDF", 1)
    assert dead_letters.find(job.job_id).reason is Reason.PERMANENT


@pytest.mark.parametrize("end", ["done", "cancelled", "dead"])
def test_a_delivery_of_a_job_that_has_ended_needs_nothing_more(job, client, deliveries, end):
    message = pop(client)
    if end == "cancelled":
        job.cancel()
    else:
        deliveries.begin(read(message))
    if end == "done":
        deliveries.finish(read(message), outcome="answered", result={"outcome": "answered"})
    if end == "dead":
        deliveries.bury(read(message), reason=Reason.PERMANENT, error="it is no PDF")
    before = job.status()

    assert deliveries.begin(read(message)) == Ended(State(end), None)
    assert job.status() == before


# How long the broker remembers.


def test_a_record_and_its_key_expire_together_unless_their_job_waits(producer, client, deliveries):
    handle = producer.enqueue(letter())
    record = keys.record(handle.job_id)
    (unique,) = client.keys(keys.UNIQUE_PREFIX + "*")
    waiting_s, ended_s = WAITING_TTL.total_seconds(), ENDED_TTL.total_seconds()
    assert (client.ttl(record), client.ttl(unique)) == (-1, -1)

    delivery = take(client, Queue.EMAIL)
    deliveries.begin(delivery)
    assert (client.ttl(record), client.ttl(unique)) == (waiting_s, waiting_s)

    deliveries.retry(delivery, delay=NOW, error="away")
    assert (client.ttl(record), client.ttl(unique)) == (-1, -1)

    Schedule(client).promote()
    assert (client.ttl(record), client.ttl(unique)) == (waiting_s, waiting_s)

    deliveries.finish(delivery, outcome="sent", result={})
    assert (client.ttl(record), client.ttl(unique)) == (ended_s, ended_s)


def test_a_dead_job_is_remembered_for_a_day_and_its_key_is_free_at_once(producer, client, deliveries):
    handle = producer.enqueue(letter())
    deliveries.begin(delivery := take(client, Queue.EMAIL))

    deliveries.bury(delivery, reason=Reason.PERMANENT, error="no such mailbox")

    assert client.ttl(keys.record(handle.job_id)) == ENDED_TTL.total_seconds()
    assert not producer.enqueue(letter()).duplicate


def test_a_job_cancelled_in_its_queue_is_remembered_for_as_long_as_its_message_may_lie_there(producer, client):
    handle = producer.enqueue(letter())

    handle.cancel()

    assert client.ttl(keys.record(handle.job_id)) == WAITING_TTL.total_seconds()


def test_a_job_cancelled_in_the_schedule_is_remembered_for_a_day(producer, client):
    handle = producer.enqueue(letter(), delay=timedelta(hours=1))

    handle.cancel()

    assert client.ttl(keys.record(handle.job_id)) == ENDED_TTL.total_seconds()


def test_a_job_whose_record_was_lost_while_it_ran_is_tried_again_and_can_be_asked_after(producer, client, deliveries):
    handle = producer.enqueue(letter())
    deliveries.begin(delivery := take(client, Queue.EMAIL))
    client.delete(keys.record(handle.job_id))

    deliveries.retry(delivery, delay=NOW, error="away")

    assert Schedule(client).promote().moved == 1
    assert handle.status().state is State.READY


def test_a_job_whose_record_was_lost_while_it_ran_can_end(producer, client, deliveries):
    handle = producer.enqueue(letter())
    deliveries.begin(delivery := take(client, Queue.EMAIL))
    client.delete(keys.record(handle.job_id))

    deliveries.finish(delivery, outcome="sent", result={})

    assert (handle.status().state, handle.status().kind) == (State.DONE, "email.signature_request")


# Jobs of stock Celery producers have no record until they begin.


@pytest.fixture
def stock(producer, client):
    """A message that came without a record."""
    handle = producer.enqueue(Canary())
    client.delete(keys.record(handle.job_id))
    return handle


def test_a_stock_job_gets_its_record_when_it_begins(stock, client, deliveries):
    assert stock.status() is None

    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)

    status = stock.status()
    assert (status.kind, status.queue, status.state) == ("maintenance.canary", "maintenance", State.RUNNING)
    assert (status.waited_ms, status.due_at) == (0, status.enqueued_at)
    assert client.ttl(keys.record(stock.job_id)) == WAITING_TTL.total_seconds()


def test_a_stock_job_is_retried_and_done_like_any_other(stock, client, deliveries, schedule):
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.retry(delivery, delay=NOW, error="away")
    schedule.promote()
    deliveries.begin(again := take(client))
    deliveries.finish(again, outcome="answered", result={})

    assert (stock.status().state, stock.status().attempts) == (State.DONE, 2)


def test_a_message_that_dies_before_it_begins_has_a_status_too(stock, client, deliveries):
    deliveries.bury(take(client), reason=Reason.UNKNOWN_TASK, error="this worker knows no task of this name")

    assert (stock.status().state, stock.status().attempts) == (State.DEAD, 0)


# What travels.


def test_a_message_that_comes_back_has_a_delivery_tag_of_its_own(job, client, deliveries, schedule):
    message = pop(client)
    deliveries.begin(read(message))
    deliveries.retry(read(message), delay=NOW, error="away")
    schedule.promote()

    assert tag_of(pop(client)) != tag_of(message)


def tag_of(message):
    return message.partition(b'"delivery_tag":"')[2][:36]


def test_an_endless_error_is_cut_short(job, client, deliveries):
    delivery = take(client)
    deliveries.begin(delivery)

    deliveries.retry(delivery, delay=NOW, error="e" * 10_000)

    assert len(job.status().error) == 500
