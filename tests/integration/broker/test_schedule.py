"""The schedule on a real broker. Its time is Redis's, so a test makes a job due by asking for a very short delay."""

import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Thread

import pytest

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.limits import WAITING_TTL
from buffrsign.broker.schedule import BATCH, NAP, SERVER_TICK, Promotion, Schedule
from buffrsign.core.clock import from_epoch_ms, utc_now
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import KEY_SECRET
from tests.support.clock import StoppedClock
from tests.support.deliveries import take
from tests.support.racing import race
from tests.support.records import whole
from tests.support.wait import wait_until

AT_ONCE = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
LONG = timedelta(seconds=4)


def all_due(client):
    seconds, microseconds = client.time()
    now_ms = seconds * 1000 + microseconds // 1000
    return client.zcount(keys.SCHEDULE, "-inf", now_ms) == client.zcard(keys.SCHEDULE)


def until_all_are_due(client):
    wait_until(partial(all_due, client), "every scheduled job to be due")


def test_an_empty_schedule_has_nothing_to_move(schedule):
    assert schedule.promote() == Promotion(moved=0, gone=(), next_due=None)
    assert schedule.size() == 0


def test_what_is_not_due_stays(producer, schedule, client):
    producer.enqueue(Canary(), delay=HOUR)

    promotion = schedule.promote()

    assert promotion.moved == 0
    assert HOUR - timedelta(seconds=5) < promotion.next_due <= HOUR
    assert (schedule.size(), client.llen("maintenance")) == (1, 0)


def test_a_due_job_is_moved_into_its_queue(producer, schedule, client):
    handle = producer.enqueue(Canary(ask="email", note="hello"), delay=AT_ONCE)
    until_all_are_due(client)

    promotion = schedule.promote()

    assert promotion == Promotion(moved=1, gone=(), next_due=None)
    assert handle.status().state is State.READY
    assert client.hget(whole(client, handle.job_id), "message") is None
    assert client.rpop("email").startswith(b'{"headers"')


def test_due_jobs_are_moved_in_the_order_of_their_times(producer, schedule, client):
    now = utc_now()
    delays_ms = [9, 1, 7, 3, 5]
    jobs = {ms: producer.enqueue(Canary(), at=now + timedelta(milliseconds=ms + 50)) for ms in delays_ms}
    until_all_are_due(client)

    schedule.promote()

    assert [take(client).job_id for _ in jobs] == [jobs[ms].job_id for ms in sorted(delays_ms)]


def test_one_call_moves_one_batch_and_says_that_more_is_due(producer, schedule, client):
    for _ in range(BATCH + 7):
        producer.enqueue(Canary(), delay=AT_ONCE)
    until_all_are_due(client)

    first, second = schedule.promote(), schedule.promote()

    assert (first.moved, first.next_due) == (BATCH, timedelta(0))
    assert (second.moved, second.next_due) == (7, None)
    assert client.llen("maintenance") == BATCH + 7


def test_many_schedulers_move_each_job_once(producer, schedule, client):
    jobs = {producer.enqueue(Canary(), delay=AT_ONCE).job_id for _ in range(1000)}
    until_all_are_due(client)

    moved = race([partial(promote_all, Schedule(client)) for _ in range(8)])

    assert sum(moved) == 1000
    assert client.llen("maintenance") == 1000
    assert {take(client).job_id for _ in range(1000)} == jobs


def promote_all(schedule):
    """How many this scheduler moved until nothing was due."""
    moved = 0
    while step := schedule.promote().moved:
        moved += step
    return moved


def test_a_job_whose_record_is_gone_is_reported_and_let_go(producer, schedule, client):
    lost = producer.enqueue(Canary(), delay=AT_ONCE)
    kept = producer.enqueue(Canary(), delay=AT_ONCE)
    client.delete(keys.record(lost.job_id))
    until_all_are_due(client)

    assert schedule.promote() == Promotion(moved=1, gone=(lost.job_id,), next_due=None)
    assert take(client).job_id == kept.job_id


@pytest.mark.parametrize("wrong", [from_epoch_ms(0), from_epoch_ms(4_000_000_000_000)])
def test_a_producer_whose_clock_is_wrong_schedules_a_delay_rightly(broker, schedule, client, wrong):
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, clock=StoppedClock(wrong))
    producer.enqueue(Canary(), delay=HOUR)
    soon = producer.enqueue(Canary(), delay=AT_ONCE)
    producer.close()

    wait_until(lambda: schedule.promote().moved, "the job that is due to be moved")

    assert take(client).job_id == soon.job_id
    assert schedule.size() == 1


def test_a_record_stays_while_its_job_waits_and_is_kept_for_a_while_once_it_began(
    producer, schedule, client, deliveries
):
    handle = producer.enqueue(Canary(), delay=AT_ONCE)
    scheduled_ttl = client.ttl(keys.record(handle.job_id))
    until_all_are_due(client)

    schedule.promote()
    ready_ttl = client.ttl(keys.record(handle.job_id))
    deliveries.begin(take(client))

    assert (scheduled_ttl, ready_ttl) == (-1, -1)
    assert client.ttl(keys.record(handle.job_id)) == WAITING_TTL.total_seconds()


# Waiting.


@contextmanager
def waiting(schedule, client, *, at_most):
    """A scheduler that waits; yields a list that will hold the moment at which it woke."""
    woke = []

    def wait():
        schedule.wait(at_most=at_most)
        woke.append(time.monotonic())

    thread = Thread(target=wait)
    thread.start()
    wait_until(lambda: client.info("clients")["blocked_clients"], "the scheduler to wait")
    yield woke
    thread.join()


def test_a_waiting_scheduler_wakes_when_an_earlier_job_is_scheduled(producer, schedule, client):
    producer.enqueue(Canary(), delay=2 * HOUR)
    schedule.wait(at_most=LONG)  # answers the bell that this job rang

    with waiting(schedule, client, at_most=LONG) as woke:
        rung = time.monotonic()
        producer.enqueue(Canary(), delay=HOUR)

    assert woke[0] - rung < 0.2


def test_a_waiting_scheduler_wakes_when_a_job_comes_back(producer, schedule, client, deliveries):
    producer.enqueue(Canary())
    delivery = take(client)
    deliveries.begin(delivery)

    with waiting(schedule, client, at_most=LONG) as woke:
        rung = time.monotonic()
        deliveries.retry(delivery, delay=HOUR, error="away")

    assert woke[0] - rung < 0.2


def test_a_later_job_does_not_ring(producer, schedule, client):
    producer.enqueue(Canary(), delay=HOUR)
    schedule.wait(at_most=LONG)

    producer.enqueue(Canary(), delay=2 * HOUR)

    assert client.exists(keys.SCHEDULE_BELL) == 0


def test_many_rings_wake_once(producer, schedule, client):
    for hours in range(9, 0, -1):
        producer.enqueue(Canary(), delay=hours * HOUR)

    assert client.llen(keys.SCHEDULE_BELL) == 1


@pytest.mark.parametrize("at_most", [timedelta(0), AT_ONCE, SERVER_TICK, SERVER_TICK + AT_ONCE, 2 * SERVER_TICK])
def test_a_wait_ends_at_its_time_or_shortly_before(schedule, at_most):
    started = time.monotonic()

    schedule.wait(at_most=at_most)

    waited = timedelta(seconds=time.monotonic() - started)
    soonest = at_most - SERVER_TICK if at_most > SERVER_TICK else min(at_most, NAP)
    assert soonest <= waited < at_most + timedelta(seconds=1)
