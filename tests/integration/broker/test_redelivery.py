"""One job in two hands: a delivery that repeats a settled one, and two workers that settle the same job."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Ended
from buffrsign.broker.leases import Holder
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import pop, read, take
from tests.support.holding import reserve

NOW = timedelta(0)
HOLDER = "0123456789abcdef"


# A worker that dies between settling a job and acknowledging its message leaves the message to be delivered again.


@pytest.mark.parametrize(("settle", "state"), [("retry", State.RETRYING), ("postpone", State.SCHEDULED)])
def test_a_repeat_of_a_delivery_that_was_put_back_does_not_run_beside_the_next_try(
    job, client, deliveries, schedule, settle, state
):
    message = pop(client)
    deliveries.begin(read(message))
    put_back(deliveries, read(message), settle)

    assert deliveries.begin(read(message)) == Ended(state, None)

    assert (job.status().state, schedule.size()) == (state, 1)


def test_a_repeat_is_ignored_while_and_after_the_next_try_runs(job, client, deliveries, schedule):
    first = pop(client)
    deliveries.begin(read(first))
    deliveries.retry(read(first), delay=NOW, error="away")
    schedule.promote()
    second = pop(client)

    assert deliveries.begin(read(first)) == Ended(State.READY, None)
    assert deliveries.begin(read(second)) == Begun(attempt=2, crashes=0)
    assert deliveries.begin(read(first)) == Ended(State.RUNNING, None)
    assert job.status().attempts == 2


# A worker that stalls past its lease, and another that was given its job, settle the same job twice.


@pytest.mark.parametrize("late", ["finish", "retry", "postpone", "bury"])
def test_what_a_stalled_worker_says_of_a_job_that_has_ended_changes_nothing(
    job, client, deliveries, dead_letters, schedule, late
):
    message = pop(client)
    stalled, other = read(message, worker="stalled"), read(message, worker="other")
    deliveries.begin(stalled)
    deliveries.begin(other)
    deliveries.finish(other, outcome="answered", result={})
    before = job.status()

    settle(deliveries, stalled, late)

    assert job.status() == before
    assert (dead_letters.count(), schedule.size()) == (0, 0)
    assert client.ttl(keys.record(job.job_id)) == ENDED_TTL.total_seconds()


@pytest.mark.parametrize(("end", "state"), [("finish", State.DONE), ("bury", State.DEAD)])
def test_a_job_that_ends_while_its_next_try_is_scheduled_has_no_next_try(job, client, deliveries, schedule, end, state):
    message = pop(client)
    deliveries.begin(read(message))
    deliveries.begin(read(message))
    deliveries.retry(read(message), delay=NOW, error="away")

    settle(deliveries, read(message), end)

    assert job.status().state is state
    assert schedule.promote().moved == 0
    assert client.llen("maintenance") == 0


@pytest.mark.parametrize("late", ["retry", "postpone"])
def test_a_job_that_was_put_back_twice_has_one_next_try(job, client, deliveries, schedule, late):
    message = pop(client)
    deliveries.begin(read(message))
    deliveries.begin(read(message))
    deliveries.retry(read(message), delay=NOW, error="away")

    put_back(deliveries, read(message), late)

    assert schedule.promote().moved == 1
    assert deliveries.begin(take(client)) == Begun(attempt=3, crashes=1)
    assert client.llen("maintenance") == 0


def put_back(deliveries, delivery, how):
    if how == "retry":
        deliveries.retry(delivery, delay=NOW, error="away")
    else:
        deliveries.postpone(delivery, delay=NOW, reason="early")


def settle(deliveries, delivery, how):
    match how:
        case "finish":
            deliveries.finish(delivery, outcome="late", result={})
        case "bury":
            deliveries.bury(delivery, reason=Reason.PERMANENT, error="late")
        case _:
            put_back(deliveries, delivery, how)


def test_a_job_that_a_chain_goes_on_from_is_delivered_again_until_that_is_acknowledged(client, deliveries, producer):
    handle = producer.enqueue(Canary())
    [lease] = reserve(client, HOLDER, jobs=1, lease_ms=1000)
    message = client.hget(keys.holder(HOLDER), lease).partition(b"\0")[2]
    delivery = replace(read(message), lease=lease)
    chained = replace(delivery, request={**delivery.request, "chain": [{"task": "next"}]})
    deliveries.begin(chained)

    deliveries.finish(chained, outcome="answered", result={}, handed_on={"outcome": "answered"})
    holder = Holder(client, lease=timedelta(seconds=30))
    script(client, "leave")(args=[HOLDER])
    [again] = holder.reserve(keys.ready_lists(Queue.MAINTENANCE), at_most=1).taken

    assert deliveries.begin(replace(chained, lease=again.lease)) == Ended(State.DONE, {"outcome": "answered"})
    holder.acknowledge(again.lease, handle.job_id)
    holder.leave()
    assert client.llen(Queue.MAINTENANCE.value) == 0
    assert handle.status().attempts == 1
