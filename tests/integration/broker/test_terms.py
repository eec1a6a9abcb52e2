"""What a producer may say of a job beside its payload: until when, what if it is late, how long its key is taken."""

from datetime import timedelta

import pytest

from buffrsign import EnqueueRefused, Producer, State
from buffrsign.broker import keys
from buffrsign.broker.deliveries import Ended
from buffrsign.broker.limits import MISSED_AFTER
from buffrsign.core.clock import to_epoch_ms
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.missed import Missed
from buffrsign.producer import QueueFull
from tests.support.broker import KEY_SECRET
from tests.support.deliveries import read, take
from tests.support.jobs import letter
from tests.support.records import whole
from tests.support.wait import wait_until


def wait_for_server_time(client, duration: timedelta) -> None:
    """Let so much time pass on the broker's clock."""

    def now():
        seconds, microseconds = client.time()
        return timedelta(seconds=seconds, microseconds=microseconds)

    until = now() + duration
    wait_until(lambda: now() > until, "time to pass")


def make_late(client, schedule, *job_ids, by: timedelta) -> None:
    """Move the due times of scheduled jobs into the past, each a second after the one before."""
    for number, job_id in enumerate(job_ids):
        seconds, _ = client.time()
        due_ms = (seconds - int(by.total_seconds()) + number) * 1000
        client.zadd(keys.SCHEDULE, {job_id: due_ms})
        series = client.hget(whole(client, job_id), "series")
        client.hset(keys.record(job_id), "ready_at", due_ms)
        if series:
            client.zadd(keys.SERIES_PREFIX + series.decode(), {job_id: due_ms})


def test_a_job_that_expired_in_the_schedule_does_not_start(producer, schedule, client):
    handle = producer.enqueue(Canary(), delay=timedelta(milliseconds=1), expires=timedelta(milliseconds=1))
    wait_for_server_time(client, timedelta(milliseconds=5))
    schedule.promote()

    status = handle.status()
    assert (status.state, status.error) == (State.CANCELLED, "it expired before it started")
    assert client.llen("maintenance") == 0


def test_a_job_that_expired_in_its_queue_does_not_start(producer, deliveries, client):
    handle = producer.enqueue(Canary(), expires=timedelta(milliseconds=1))
    delivery = take(client)
    wait_for_server_time(client, timedelta(milliseconds=5))

    assert deliveries.begin(delivery) == Ended(State.CANCELLED, None)
    assert handle.status().error == "it expired before it started"


def test_a_job_that_missed_its_time_runs_unless_it_says_otherwise(producer, schedule, client):
    runs = producer.enqueue(Canary(), delay=timedelta(hours=1))
    skips = producer.enqueue(Canary(), delay=timedelta(hours=1), missed=Missed.SKIP)
    make_late(client, schedule, runs.job_id, skips.job_id, by=MISSED_AFTER + timedelta(seconds=9))

    schedule.promote()

    assert (runs.status().state, skips.status().state) == (State.READY, State.CANCELLED)
    assert "missed its time by" in skips.status().error


def test_a_job_that_is_a_little_late_is_not_missed(producer, schedule, client):
    skips = producer.enqueue(Canary(), delay=timedelta(hours=1), missed=Missed.SKIP)
    make_late(client, schedule, skips.job_id, by=MISSED_AFTER - timedelta(seconds=9))

    schedule.promote()

    assert skips.status().state is State.READY


def test_one_run_stands_for_all_that_a_series_missed(producer, schedule, client):
    missed = [
        producer.enqueue(Canary(), delay=timedelta(hours=hour), missed=Missed.ONCE, series="hourly").job_id
        for hour in range(1, 5)
    ]
    make_late(client, schedule, *missed, by=MISSED_AFTER + timedelta(seconds=30))

    schedule.promote()

    states = [producer.status(job_id).state for job_id in missed]
    assert states == [State.CANCELLED] * 3 + [State.READY]
    assert not client.exists(keys.SERIES_PREFIX + "hourly")


def test_a_series_is_named(producer):
    with pytest.raises(EnqueueRefused, match="needs series="):
        producer.enqueue(Canary(), missed=Missed.ONCE)


def test_a_key_is_taken_for_as_long_after_done_as_its_producer_said(producer, deliveries, client):
    producer.enqueue(letter(), key_window=timedelta(0))
    delivery = take(client, Queue.EMAIL)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="sent", result={})

    assert not producer.enqueue(letter()).duplicate


def test_a_key_that_was_cancelled_may_be_used_again_and_that_job_runs(producer, deliveries, client):
    first = producer.enqueue(letter())
    producer.cancel(first.job_id)
    second = producer.enqueue(letter())

    taken = [deliveries.begin(take(client, Queue.EMAIL)) for _ in range(2)]

    assert not second.duplicate
    assert taken[0] == Ended(State.CANCELLED, None)
    assert (first.status().state, second.status().state) == (State.CANCELLED, State.RUNNING)


def test_a_full_queue_refuses_more_and_takes_what_is_for_later(broker):
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, max_ready=2)
    for _ in range(2):
        producer.enqueue(Canary())

    with pytest.raises(QueueFull, match="maintenance has 2 ready jobs, and 2 are allowed"):
        producer.enqueue(Canary())

    assert not producer.enqueue(Canary(), delay=timedelta(hours=1)).duplicate
    producer.close()


def test_a_job_that_is_moved_expires_later_too(producer, schedule, client):
    handle = producer.enqueue(Canary(), delay=timedelta(hours=1), expires=timedelta(minutes=1))

    producer.reschedule(handle.job_id, delay=timedelta(hours=3))

    expires_ms = int(client.hget(whole(client, handle.job_id), "expires_at"))
    assert expires_ms == to_epoch_ms(handle.status().due_at) + 60_000


def test_a_job_is_moved_to_another_time(producer, schedule, client):
    handle = producer.enqueue(Canary(), delay=timedelta(hours=1))
    due_before = handle.status().due_at

    assert producer.reschedule(handle.job_id, delay=timedelta(hours=3))

    assert timedelta(hours=1, minutes=59) < handle.status().due_at - due_before < timedelta(hours=2, minutes=1)
    assert schedule.size() == 1


def test_a_job_that_waits_is_run_now(producer, schedule, client):
    handle = producer.enqueue(Canary(), delay=timedelta(hours=1))

    assert producer.run_now(handle.job_id)
    schedule.promote()

    assert read(client.lindex("maintenance", 0)).job_id == handle.job_id


def test_only_a_job_that_waits_for_its_time_can_be_moved(producer):
    ready = producer.enqueue(Canary())

    assert not producer.run_now(ready.job_id)
    assert not producer.run_now("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_a_record_is_kept_for_as_long_as_its_key_is_taken(producer, deliveries, client):
    handle = producer.enqueue(letter(), key_window=timedelta(days=30))
    delivery = take(client, Queue.EMAIL)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="sent", result={})

    assert client.ttl(keys.record(handle.job_id)) > timedelta(days=29).total_seconds()
    assert producer.enqueue(letter()).duplicate
