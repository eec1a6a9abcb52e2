"""The chaos run's own look at the broker: where messages lie, what has leaked, and whether the counters add up."""

import json
from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import Producer
from tests.chaos.inventory import busy, counters_add_up, take_inventory
from tests.chaos.verdict import Leftovers
from tests.chaos.workload import Effect
from tests.support.broker import TestBroker


def effect() -> Effect:
    return Effect(subject="s", run_ms=1)


@pytest.fixture
def client(broker: TestBroker) -> Redis:
    return broker.client


def test_an_empty_broker_is_quiet(client: Redis):
    inventory = take_inventory(client)

    assert (busy(client), inventory.leaked, inventory.leftovers.held) == (0, [], {})


def test_a_ready_and_a_scheduled_job_are_found_where_they_lie(client: Redis, producer: Producer):
    ready = producer.enqueue(effect()).job_id
    later = producer.enqueue(effect(), delay=timedelta(hours=1)).job_id

    leftovers = take_inventory(client).leftovers

    assert leftovers.held == {ready: "maintenance", later: "the schedule"}
    assert leftovers.states == {ready: "ready", later: "scheduled"}
    assert busy(client) == 2


def test_a_message_in_stock_celerys_hash_is_found(client: Redis):
    message = {"headers": {"id": "abc"}, "body": ""}
    client.hset("unacked", "tag", json.dumps([message, "", "maintenance"]))

    assert take_inventory(client).leftovers.held == {"abc": "unacked"}
    assert busy(client) == 1


def test_a_record_that_nobody_will_forget_has_leaked(client: Redis):
    client.hset("buffrsign:job:x", mapping={"state": "done"})
    client.hset("buffrsign:job:y", mapping={"state": "done"})
    client.expire("buffrsign:job:y", 100)

    assert take_inventory(client).leaked == ["buffrsign:job:x"]


@pytest.mark.parametrize(
    ("counters", "leftovers", "add_up"),
    [
        (
            {"a:enqueued": 3, "b:enqueued": 1, "a:done": 2, "b:cancelled": 1, "a:dead": 1},
            Leftovers(states={"1": "done", "2": "done", "3": "cancelled", "4": "dead"}),
            True,
        ),
        ({"a:enqueued": 2, "a:done": 1}, Leftovers(states={"1": "done", "2": "ready"}, held={"2": "a"}), True),
        ({"a:enqueued": 2, "a:done": 1}, Leftovers(states={"1": "done", "2": "ready"}), False),
        ({"a:enqueued": 1, "a:done": 1}, Leftovers(states={"1": "done", "2": "done"}), False),
        ({"a:enqueued": 1, "a:done": 1}, Leftovers(states={"1": "cancelled"}), False),
        ({"a:enqueued": 1, "a:dead": 1, "a:requeued": 1, "a:done": 1}, Leftovers(states={"1": "done"}), True),
        ({}, Leftovers(), False),
    ],
)
def test_what_came_in_must_have_gone_out_and_the_records_agree(
    counters: dict[str, int], leftovers: Leftovers, add_up: bool
):
    assert counters_add_up(counters, leftovers) is add_up
