"""More urgent jobs come first, in every queue of a worker; and the less urgent are never forgotten."""

from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import EnqueueRefused, Priority, Producer
from buffrsign.broker import keys
from buffrsign.broker.schedule import Schedule
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.taker import Taker

HERE = Queue.MAINTENANCE
_HOUR = timedelta(hours=1)


def enqueue(producer: Producer, priority: Priority, how_many: int, *, queue: Queue = HERE) -> set[str]:
    return set(producer.enqueue_many([Canary(ask=queue) for _ in range(how_many)], priority=priority).job_ids)


def test_the_more_urgent_comes_first(producer: Producer, client: Redis) -> None:
    bulk, low, normal = (enqueue(producer, each, 3) for each in (Priority.BULK, Priority.LOW, Priority.NORMAL))

    taken = [each.job_id for each in Taker(client).take()]

    assert [set(taken[:3]), set(taken[3:6]), set(taken[6:])] == [normal, low, bulk]


def test_the_more_urgent_of_all_queues_comes_first(producer: Producer, client: Redis) -> None:
    bulk = enqueue(producer, Priority.BULK, 10, queue=Queue.EMAIL)
    normal = enqueue(producer, Priority.NORMAL, 3, queue=Queue.AUDIT)

    taken = [each.job_id for each in Taker(client, queues=(Queue.EMAIL, Queue.AUDIT)).take(5)]

    assert set(taken[:3]) == normal
    assert set(taken[3:]) < bulk


@pytest.mark.parametrize("credit", [1, 3, 64])
def test_while_urgent_ones_wait_each_other_step_still_gets_its_share(
    producer: Producer, client: Redis, credit: int
) -> None:
    enqueue(producer, Priority.NORMAL, 2000)
    others = {each: enqueue(producer, each, 100) for each in (Priority.LOW, Priority.LOWER, Priority.BULK)}

    first = [each.job_id for each in Taker(client).take_all(credit)[:960]]

    shares = {priority.name: len(job_ids.intersection(first)) for priority, job_ids in others.items()}
    assert sum(shares.values()) == pytest.approx(960 / 8, abs=8)
    assert min(shares.values()) >= 30, shares


def test_an_urgent_job_does_not_wait_behind_a_bulk(producer: Producer, client: Redis) -> None:
    enqueue(producer, Priority.BULK, 5000)
    taker = Taker(client)
    taker.let_go(taker.take(64))

    [code] = enqueue(producer, Priority.NORMAL, 1)

    assert taker.take(1)[0].job_id == code


def test_a_job_keeps_its_priority_through_the_schedule(producer: Producer, client: Redis) -> None:
    [job_id] = [producer.enqueue(Canary(), priority=Priority.BULK, delay=_HOUR).job_id]
    producer.run_now(job_id)
    Schedule(client).promote()

    assert client.llen(keys.ready_list(HERE, Priority.BULK)) == 1


def test_a_priority_that_is_none_is_refused(producer: Producer) -> None:
    with pytest.raises(EnqueueRefused, match="must be one of 0"):
        producer.enqueue(Canary(), priority=5)  # type: ignore[typeddict-item]
