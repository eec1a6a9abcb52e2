"""A process that runs its own jobs: they begin as they are taken, and their ends ride with its next word."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import Producer, State
from buffrsign.broker import consuming, keys
from buffrsign.broker.books import Ask, GivenBack, Leased, Reservation
from buffrsign.broker.deliveries import Begun, Delivery, Lost
from buffrsign.broker.leases import Holder
from buffrsign.broker.local import LocalDeliveries
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary

LISTS = keys.ready_lists(Queue.MAINTENANCE)
WORKER = "maintenance@test"


@pytest.fixture
def holder(client: Redis) -> Iterator[Holder]:
    """The holder of this process."""
    holder = Holder(client, lease=timedelta(seconds=30))
    consuming._holders[("test",)] = holder
    yield holder
    del consuming._holders[("test",)]
    holder.leave()


@pytest.fixture
def local(client: Redis, holder: Holder) -> LocalDeliveries:
    return LocalDeliveries(client, patience=timedelta(0))


def send(client: Redis, ask: Ask) -> list[object]:
    reply: list[object] = script(client, "reserve")(args=ask.arguments)
    return reply


def take(client: Redis, holder: Holder, *, at_most: int = 10) -> Reservation:
    ask = holder.ask(LISTS, at_most=at_most, worker=WORKER)
    return holder.absorb(send(client, ask), ask)


def delivery_of(leased: Leased) -> Delivery:
    headers = json.loads(leased.message)["headers"]
    return Delivery(headers["id"], headers["task"], Queue.MAINTENANCE, WORKER, headers, leased.lease)


def state_of(producer: Producer, job_id: str) -> State:
    status = producer.status(job_id)
    assert status
    return status.state


def test_what_is_taken_has_begun_and_asks_nobody(client, producer, holder, local):
    handle = producer.enqueue(Canary())

    [leased] = take(client, holder).taken

    status = handle.status()
    assert (leased.begun, status.state, status.attempts, status.worker) == (True, State.RUNNING, 1, WORKER)
    commands = client.info("stats")["total_commands_processed"]
    assert local.begin(delivery_of(leased)) == Begun(attempt=1, crashes=0)
    assert client.info("stats")["total_commands_processed"] == commands + 1


def test_what_was_given_back_before_it_ran_does_not_run_and_spent_no_attempt(client, producer, holder, local):
    handle = producer.enqueue(Canary())
    [leased] = take(client, holder).taken

    holder.give_back_unclaimed()

    assert local.begin(delivery_of(leased)) == Lost()
    assert (handle.status().state, handle.status().attempts) == (State.READY, 0)
    [again] = take(client, holder).taken
    assert local.begin(delivery_of(again)) == Begun(attempt=1, crashes=0)


def test_what_runs_is_not_given_back_with_what_waits(client, producer, holder):
    running, waiting = producer.enqueue(Canary()), producer.enqueue(Canary())
    first, _ = take(client, holder).taken
    holder.claim(first.lease)

    holder.give_back_unclaimed()

    assert (running.status().state, waiting.status().state) == (State.RUNNING, State.READY)


def test_an_end_rides_with_the_next_reserve(client, producer, holder, local):
    handle = producer.enqueue(Canary(), keep_result=True)
    [leased] = take(client, holder).taken
    local.begin(delivery_of(leased))

    local.finish(delivery_of(leased), outcome="answered", result={"outcome": "answered"})

    assert (handle.status().state, len(holder), holder.owes) == (State.RUNNING, 0, True)
    take(client, holder)
    assert (handle.status().state, holder.owes) == (State.DONE, False)
    assert handle.result(timeout=0) == {"outcome": "answered"}
    assert client.hlen(keys.holder(holder.id)) == 0


def test_an_end_that_was_asked_for_at_once_does_not_wait(client, producer, holder, local):
    handle = producer.enqueue(Canary())
    [leased] = take(client, holder).taken

    local.finish(delivery_of(leased), outcome="answered", result=None, at_once=True)

    assert (handle.status().state, len(holder), holder.owes) == (State.DONE, 0, False)


def test_an_end_from_another_thread_does_not_wait(client, producer, holder, local):
    handle = producer.enqueue(Canary())
    [leased] = take(client, holder).taken
    thread = threading.Thread(
        target=local.finish, args=(delivery_of(leased),), kwargs={"outcome": "answered", "result": None}
    )

    thread.start()
    thread.join()

    assert handle.status().state is State.DONE


def test_an_end_whose_reserve_was_lost_is_told_again(client, producer, holder, local):
    handle = producer.enqueue(Canary())
    [leased] = take(client, holder).taken
    local.finish(delivery_of(leased), outcome="answered", result=None)
    ask = holder.ask(LISTS, at_most=1, worker=WORKER)

    holder.ask_failed(ask)
    holder.flush()

    assert handle.status().state is State.DONE


def test_the_answer_to_a_reserve_that_was_given_up_counts_for_nothing(client, producer, holder):
    handle = producer.enqueue(Canary())
    ask = holder.ask(LISTS, at_most=1, worker=WORKER)
    reply = send(client, ask)

    holder.ask_failed(ask)
    holder.beat()

    assert handle.status().state is State.READY
    assert holder.absorb(reply, ask).taken == ()
    assert len(holder) == 0


def test_who_leaves_tells_what_is_done_and_gives_back_the_rest(client, producer, local):
    done, waiting = producer.enqueue(Canary()), producer.enqueue(Canary())
    leaving = Holder(client, lease=timedelta(seconds=30))
    first, _ = take(client, leaving).taken
    consuming._holders[("leaving",)] = leaving
    local.finish(delivery_of(first), outcome="answered", result=None)

    del consuming._holders[("leaving",)]
    leaving.leave()

    assert (done.status().state, waiting.status().state) == (State.DONE, State.READY)


def test_a_job_that_was_cancelled_is_dropped_as_it_is_taken(client, producer, holder):
    handle = producer.enqueue(Canary())
    producer.cancel(handle.job_id)

    reservation = take(client, holder)

    assert (reservation.taken, reservation.given) == ((), 1)
    assert client.hlen(keys.holder(holder.id)) == 0


def test_who_waits_for_a_result_is_told_with_the_end(client, producer, holder, local):
    handle = producer.enqueue(Canary(), keep_result=True)
    [leased] = take(client, holder).taken
    channel = client.pubsub()
    channel.subscribe(keys.result_channel(handle.job_id))
    channel.get_message(timeout=1)
    local.finish(delivery_of(leased), outcome="answered", result={})

    assert holder.tell_with(leased.lease, b"told")
    holder.flush()

    assert channel.get_message(timeout=5)["data"] == b"told"
    channel.close()


@pytest.mark.parametrize(
    ("headers", "begins"),
    [
        ({"retries": 0}, True),
        ({"retries": 0, "stamps": {}, "eta": None, "expires": None}, True),
        ({"retries": 0, "argsrepr": 'he said "id": "x" and {'}, False),
        ({"stamps": {"id": "another"}}, False),
        ({"eta": "2999-01-01T00:00:00"}, False),
        ({"expires": "2999-01-01T00:00:00"}, False),
        ({"task": "caf\u00e9"}, False),
        ({"id": 7}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_only_what_is_plain_begins_without_being_read(client, holder, headers, begins):
    own = {"lang": "py", "task": "maintenance.canary", "id": "01M83SY49FK4HAPM539VQ89M25", **headers}
    client.lpush(Queue.MAINTENANCE, json.dumps({"body": "", "headers": own, "properties": {}}))

    [leased] = take(client, holder).taken

    assert leased.begun is begins
    with pytest.raises(GivenBack):
        holder.claim("another lease")
