"""What a limit of the whole fleet lets through, what it holds back, and that it drops nothing."""

import time
from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import EnqueueRefused, Producer
from buffrsign.broker import keys
from buffrsign.broker.fleet_limits import (
    Held,
    Limit,
    LimitRefused,
    clear_limit,
    read_held,
    read_limits,
    set_limit,
)
from buffrsign.broker.overview import list_jobs, read_counts
from buffrsign.broker.records import State
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.taker import Taker
from tests.support.wait import wait_until

HERE = Queue.MAINTENANCE
KIND = "kind:maintenance.canary"
MAILBOX = "provider:gmail"


def enqueue(producer: Producer, how_many: int, **terms: str) -> list[str]:
    return list(producer.enqueue_many([Canary() for _ in range(how_many)], **terms).job_ids)  # type: ignore[arg-type]


def test_no_more_are_with_workers_than_a_limit_lets(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit(KIND, at_once=3))
    job_ids = enqueue(producer, 10)
    one, other = Taker(client, holder="one"), Taker(client, holder="other")

    first, second = one.take(2), other.take(64)

    assert [each.job_id for each in first + second] == job_ids[:3]
    assert read_held(client) == [Held(KIND, HERE, 7)]
    one.let_go(first)
    assert [each.job_id for each in other.take()] == job_ids[3:5]


def test_a_job_whose_worker_died_counts_until_it_is_taken_back(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit(KIND, at_once=1))
    [job_id, _] = enqueue(producer, 2)
    Taker(client, holder="dies").take()
    taker = Taker(client)
    assert not taker.take()

    client.zadd(keys.HOLDERS, {"dies": 1})
    taken = wait_until(taker.take, "the dead worker's job to be taken back")

    assert [each.job_id for each in taken] == [job_id]


def test_what_is_held_stands_in_nobody_s_way_and_loses_its_place_to_nobody(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit(MAILBOX, at_once=1))
    limited = enqueue(producer, 300, limited_by=MAILBOX)
    free = enqueue(producer, 5)
    taker = Taker(client)

    first = [each for _ in range(4) for each in taker.take(3)]
    late = enqueue(producer, 1, limited_by=MAILBOX)
    taker.let_go(first)

    assert [each.job_id for each in first] == [limited[0], *free]
    assert [each.job_id for each in taker.take_all(1)] == [*limited[1:], *late]


def test_starts_are_spread_over_time(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit(KIND, starts=5, per=timedelta(seconds=1)))
    enqueue(producer, 12)
    taker, came = Taker(client), []
    began = time.monotonic()
    while len(came) < 12:
        some = taker.take()
        taker.let_go(some)
        came += [time.monotonic() - began] * len(some)
        if not some:
            assert 0 < taker.next_ms <= 1000
            wait_until(lambda: int(client.time()[1]) % 20_000 < 10_000, "some milliseconds to pass")

    assert len([at for at in came if at < 0.1]) == 5
    assert 1.2 <= came[-1] < 3


def test_a_limit_for_each_of_a_family_counts_each_for_itself(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit("tenant:*", at_once=2))
    set_limit(client, Limit("tenant:c", at_once=1))
    for tenant in ("a", "b", "c"):
        enqueue(producer, 5, tenant=tenant)

    taken = [each.tenant for each in Taker(client).take()]

    assert sorted(taken) == ["a", "a", "b", "b", "c"]


def test_a_job_is_under_all_its_limits(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit("tenant:a", at_once=3))
    set_limit(client, Limit(MAILBOX, at_once=1))
    enqueue(producer, 4, tenant="a", limited_by=MAILBOX)
    enqueue(producer, 4, tenant="a")
    taker = Taker(client)

    taken = taker.take()

    assert len(taken) == 3
    assert len(taker.take_all()) + 0 == 0
    taker.let_go(taken)
    assert len(taker.take_all(2)) == 5


def test_a_limit_that_is_cleared_lets_go_what_it_held(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit(KIND, starts=1, per=timedelta(days=1)))
    job_ids = enqueue(producer, 4)
    taker = Taker(client)
    assert len(taker.take()) == 1
    assert not taker.take()

    assert clear_limit(client, KIND)

    assert [each.job_id for each in taker.take()] == job_ids[1:]
    assert not clear_limit(client, KIND)


def test_what_is_held_is_counted_listed_cancelled_and_purged(producer: Producer, client: Redis) -> None:
    set_limit(client, Limit(KIND, at_once=1))
    job_ids = enqueue(producer, 6)
    taker = Taker(client)
    taken = taker.take()
    here = read_counts(client).queues[HERE]
    assert (here.ready, here.held, here.waiting) == (0, 5, 5)
    assert {each.job_id for each in list_jobs(client, state=State.READY)} >= set(job_ids[1:])

    assert producer.cancel(job_ids[1])
    assert script(client, "purge")(args=[HERE.value, 1000]) == 5

    taker.let_go(taken)
    assert not taker.take()
    assert {status.state for status in producer.statuses(job_ids[1:]) if status} == {State.CANCELLED}


def test_a_worker_is_woken_when_a_limit_is_changed(producer: Producer, client: Redis) -> None:
    client.delete(keys.bell(HERE))

    set_limit(client, Limit(KIND, at_once=1))

    assert client.exists(keys.bell(HERE))
    assert read_limits(client) == [Limit(KIND, at_once=1)]


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (Limit(KIND, at_once=0), "pause the queue instead"),
        (Limit(KIND, starts=0), "pause the queue instead"),
        (Limit(KIND, at_once=-1), "between 1 and 1,000"),
        (Limit(KIND, at_once=1001), "between 1 and 1,000"),
        (Limit(KIND, starts=-5), "at least 1"),
        (Limit(KIND), "how many at once, or how many start"),
        (Limit(KIND, starts=1, per=timedelta(days=2)), "a day at most"),
        (Limit("tenant:" + "a" * 10_000, at_once=1), "a limit's name is"),
        (Limit("gmail", at_once=1), "a limit's name is"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_limit_that_makes_no_sense_is_refused(client: Redis, limit: Limit, why: str) -> None:
    with pytest.raises(LimitRefused, match=why) as refused:
        set_limit(client, limit)

    assert len(str(refused.value)) < 300
    assert not read_limits(client)


@pytest.mark.parametrize("name", ["gmail", "kind:email.canary", "tenant:a", "Provider:x", "provider:" + "x" * 1000])
def test_a_job_names_a_limit_that_can_be_set(producer: Producer, name: str) -> None:
    with pytest.raises(EnqueueRefused, match="limited_by="):
        producer.enqueue(Canary(), limited_by=name)
