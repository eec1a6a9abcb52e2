"""Counting and listing jobs, from the places where they are."""

from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import JobStatus, Producer, State
from buffrsign.broker import keys, overview
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Deliveries
from buffrsign.broker.overview import list_jobs, read_counts
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import pop, take

RESULT = {"outcome": "answered"}
FAR_AWAY_MS = 4_000_000_000_000


def hold(client: Redis, message: bytes, *, queue: Queue = Queue.MAINTENANCE) -> None:
    """Note a message as one that a worker was given."""
    client.zadd(keys.HOLDERS, {"holder": FAR_AWAY_MS})
    client.hset(
        keys.holder("holder"), f"holder.{client.hlen(keys.holder('holder')) + 1}", queue.encode() + b"\0" + message
    )


def ids(jobs: list[JobStatus]) -> list[str]:
    return [job.job_id for job in jobs]


def test_an_empty_broker_counts_nothing(client: Redis) -> None:
    counts = read_counts(client)

    assert set(counts.queues) == {queue.value for queue in Queue}
    assert {(each.ready, each.suspects, each.leased) for each in counts.queues.values()} == {(0, 0, 0)}
    assert (counts.scheduled, counts.dead, counts.ended) == (0, 0, 0)


def test_ready_jobs_are_counted_over_all_priorities(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary())
    producer.enqueue(Canary(ask=Queue.AUDIT))
    _default, low, *_others = keys.ready_lists(Queue.AUDIT)
    client.lpush(low, b"a message of a stock producer")

    queues = read_counts(client).queues

    assert (queues["maintenance"].ready, queues["audit"].ready, queues["email"].ready) == (1, 2, 0)


def test_what_workers_hold_is_counted_by_queue(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary())
    producer.enqueue(Canary(ask=Queue.AUDIT))
    for queue in (Queue.MAINTENANCE, Queue.AUDIT):
        hold(client, pop(client, queue), queue=queue)

    queues = read_counts(client).queues

    assert [(queues[name].ready, queues[name].leased) for name in ("maintenance", "audit")] == [(0, 1), (0, 1)]


def test_suspects_scheduled_and_dead_ones_are_counted(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    producer.enqueue(Canary(), delay=timedelta(hours=1))
    producer.enqueue(Canary())
    deliveries.bury(take(client), reason=Reason.PERMANENT, error="nobody can do this")
    client.zadd(keys.suspects("maintenance"), {b"a message": 1})

    counts = read_counts(client)

    assert (counts.scheduled, counts.dead, counts.queues["maintenance"].suspects) == (1, 1, 1)


def test_what_has_happened_is_counted_by_queue(client: Redis) -> None:
    client.hset(keys.COUNTERS, mapping={"email:done": 3, "email:retried": 1, "audit:done": 2})

    queues = read_counts(client).queues

    assert queues["email"].events == {"done": 3, "retried": 1}
    assert queues["audit"].events == {"done": 2}


def test_ready_jobs_are_listed_in_the_order_in_which_they_are_taken(producer: Producer, client: Redis) -> None:
    enqueued = [producer.enqueue(Canary()).job_id for _ in range(5)]

    listed = list_jobs(client, state=State.READY, limit=3)

    assert ids(listed) == enqueued[:3]
    assert take(client).job_id == enqueued[0]


def test_jobs_beyond_the_first_page_are_listed(
    producer: Producer, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "PAGE", 2)
    enqueued = [producer.enqueue(Canary()).job_id for _ in range(5)]
    scheduled = [producer.enqueue(Canary(), delay=timedelta(hours=hour + 1)).job_id for hour in range(5)]

    assert ids(list_jobs(client, state=State.READY)) == enqueued
    assert ids(list_jobs(client, state=State.SCHEDULED)) == scheduled
    assert ids(list_jobs(client)) == enqueued + scheduled


def test_scheduled_jobs_are_listed_by_time(producer: Producer, client: Redis) -> None:
    late = producer.enqueue(Canary(), delay=timedelta(hours=2))
    early = producer.enqueue(Canary(), delay=timedelta(hours=1))

    assert ids(list_jobs(client, state=State.SCHEDULED)) == [early.job_id, late.job_id]


def test_a_job_that_a_worker_runs_is_listed_as_running(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    running, held = producer.enqueue(Canary()), producer.enqueue(Canary())
    message = client.lindex("maintenance", -1)
    deliveries.begin(take(client))
    hold(client, message)
    hold(client, pop(client))

    assert ids(list_jobs(client, state=State.RUNNING)) == [running.job_id]
    assert ids(list_jobs(client, state=State.READY)) == [held.job_id]


def test_ended_jobs_are_listed_the_latest_first(producer: Producer, client: Redis, deliveries: Deliveries) -> None:
    handles = [producer.enqueue(Canary()) for _ in range(3)]
    for _ in range(2):
        delivery = take(client)
        deliveries.begin(delivery)
        deliveries.finish(delivery, outcome="answered", result=RESULT)
    deliveries.bury(take(client), reason=Reason.PERMANENT, error="nobody can do this")

    assert set(ids(list_jobs(client, state=State.DONE))) == {handle.job_id for handle in handles[:2]}
    assert ids(list_jobs(client, state=State.DEAD)) == [handles[2].job_id]


def test_a_queue_s_jobs_are_listed_without_the_others(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary())
    wanted = [
        producer.enqueue(Canary(ask=Queue.AUDIT)),
        producer.enqueue(Canary(ask=Queue.AUDIT), delay=timedelta(hours=1)),
    ]

    assert ids(list_jobs(client, queue=Queue.AUDIT)) == [handle.job_id for handle in wanted]


def test_what_is_no_message_is_passed_over(producer: Producer, client: Redis) -> None:
    for garbage in (b"", b"\xff\xfe", b"[]", b'{"headers": {"id": 7}}', b"[" * 100_000):
        client.lpush("maintenance", garbage)
    handle = producer.enqueue(Canary())

    assert ids(list_jobs(client, state=State.READY)) == [handle.job_id]


def test_at_most_so_many_jobs_are_listed_and_what_runs_comes_first(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    running, *ready = [producer.enqueue(Canary()).job_id for _ in range(4)]
    producer.enqueue(Canary(), delay=timedelta(hours=1))
    message = client.lindex("maintenance", -1)
    deliveries.begin(take(client))
    hold(client, message)

    assert ids(list_jobs(client, limit=3)) == [running, *ready[:2]]
