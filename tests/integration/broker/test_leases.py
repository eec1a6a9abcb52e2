"""A holder's books, and its heartbeat."""

import time
from datetime import timedelta

import pytest
from msgspec.structs import replace

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.leases import Holder
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import read
from tests.support.holding import reserve
from tests.support.wait import wait_until

DEAD = "0123456789abcdef"
LISTS = keys.ready_lists(Queue.MAINTENANCE)


@pytest.fixture
def holder(client):
    holder = Holder(client, lease=timedelta(seconds=30))
    yield holder
    holder.leave()


def let_lease_run_out(client, holder_id):
    """As if its time had passed, while somebody kept looking."""
    seconds, _ = client.time()
    client.zadd(keys.HOLDERS, {holder_id: seconds * 1000 - 1})
    client.set(keys.WATCH, seconds * 1000)


def test_a_heartbeat_takes_back_what_a_dead_holder_held(client, producer, holder):
    handle = producer.enqueue(Canary())
    reserve(client, DEAD, jobs=1, lease_ms=30_000)
    holder.reserve(LISTS, at_most=1)
    let_lease_run_out(client, DEAD)

    holder.beat()

    assert client.llen(Queue.MAINTENANCE.value) == 1
    assert handle.status().state is State.READY
    assert not client.exists(keys.holder(DEAD))


def test_after_a_silence_every_holder_gets_a_whole_lease_first(client, producer, holder):
    producer.enqueue(Canary())
    reserve(client, DEAD, jobs=1, lease_ms=30_000)
    holder.reserve(LISTS, at_most=1)
    let_lease_run_out(client, DEAD)
    client.delete(keys.WATCH)

    holder.beat()

    assert client.llen(Queue.MAINTENANCE.value) == 0
    assert client.zscore(keys.HOLDERS, DEAD) > client.time()[0] * 1000 + 25_000


def test_a_wish_to_stop_is_told_until_the_job_has_ended(client, producer, deliveries, holder):
    handle = producer.enqueue(Canary())
    [leased] = holder.reserve(LISTS, at_most=1).taken
    delivery = replace(read(leased.message), lease=leased.lease)
    deliveries.begin(delivery)

    assert producer.cancel(handle.job_id, running=True)
    holder.beat()
    holder.beat()

    assert holder.stops == [leased.lease]
    assert client.llen(keys.STOP_PREFIX + holder.id) == 1
    deliveries.stopped(delivery, reason="it was stopped")
    holder.beat()
    assert not client.exists(keys.STOP_PREFIX + holder.id)


def test_what_goes_back_is_not_acknowledged_whatever_is_said_later(client, producer, holder):
    handle = producer.enqueue(Canary())
    [leased] = holder.reserve(LISTS, at_most=1).taken

    holder.give_back([leased.lease])
    holder.acknowledge(leased.lease, handle.job_id)
    holder.flush()

    assert client.llen(Queue.MAINTENANCE.value) == 1
    assert len(holder) == 0


def test_a_job_that_its_task_has_ended_leaves_the_books_though_nobody_acknowledges_it(
    client, producer, deliveries, holder
):
    producer.enqueue(Canary())
    [leased] = holder.reserve(LISTS, at_most=1).taken
    delivery = replace(read(leased.message), lease=leased.lease)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="answered", result={})

    holder.beat()
    assert holder.holds(leased.lease)
    holder.beat()

    assert not holder.holds(leased.lease)


def calls(client):
    return client.info("commandstats")["cmdstat_evalsha"]["calls"]


def test_a_holder_that_holds_nothing_and_asks_for_more_has_nothing_to_say_beside_it(client):
    holder = Holder(client, lease=timedelta(seconds=1.8))  # a heartbeat each 0.3 s
    holder.reserve(LISTS, at_most=1)
    before = calls(client)

    for _ in range(7):
        time.sleep(0.1)
        holder.reserve(LISTS, at_most=1)

    assert calls(client) == before + 7
    holder.leave()


def test_a_holder_whose_question_had_no_answer_beats_though_it_holds_nothing(client, producer):
    holder = Holder(client, lease=timedelta(seconds=1.8))
    holder.reserve(LISTS, at_most=1)
    producer.enqueue(Canary())
    lost = holder.ask(LISTS, at_most=1)
    script(client, "reserve")(args=lost.arguments)

    holder.ask_failed(lost)

    wait_until(lambda: client.llen(Queue.MAINTENANCE.value) == 1, "the job to be given back")
    holder.leave()
