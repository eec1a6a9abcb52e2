"""Taking jobs without Celery: looking, taking, and how a claim ends."""

import threading
import time
from datetime import timedelta

import pytest

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.puller import BrokerUnavailable, Puller, PullRefused
from tests.support.jobs import letter
from tests.support.pulling import HERE, MINUTE, NOW, STOCK_ID, leased, put
from workers.processes import free_port

# Looking.


def test_what_waits_can_be_looked_at_without_taking_it(puller, producer, client):
    first = producer.enqueue(Canary(note="first"))
    second = producer.enqueue(Canary(note="second"))

    waiting = puller.peek(HERE, 10)

    assert [(each.job_id, each.kind, each.job.note) for each in waiting] == [
        (first.job_id, "maintenance.canary", "first"),
        (second.job_id, "maintenance.canary", "second"),
    ]
    assert waiting[0].enqueued_at == first.status().enqueued_at
    assert client.llen("maintenance") == 2
    assert [each.job_id for each in puller.peek(HERE, 1)] == [first.job_id]


def test_what_nobody_can_read_is_seen_without_its_payload(puller, client):
    client.lpush("maintenance", b"\xff garbage")
    put(client, payload={"v": 99, "note": "from the future"})
    put(client, payload={}, kind="nobody.knows")

    garbage, newer, unknown = puller.peek(HERE)

    assert (garbage.job_id, garbage.kind, garbage.job) == (None, "unknown", None)
    assert (newer.job_id, newer.kind, newer.job, newer.enqueued_at) == (STOCK_ID, "maintenance.canary", None, None)
    assert (unknown.kind, unknown.job) == ("nobody.knows", None)


def test_jobs_of_a_higher_priority_are_seen_and_taken_first(puller, producer, client):
    later = producer.enqueue(Canary())
    client.lmove("maintenance", keys.ready_lists("maintenance")[1], "RIGHT", "LEFT")
    sooner = producer.enqueue(Canary())

    assert [each.job_id for each in puller.peek(HERE)] == [sooner.job_id, later.job_id]
    assert [puller.claim(HERE).job_id for _ in range(2)] == [sooner.job_id, later.job_id]


# Taking and settling.


def test_a_claim_has_the_contract_and_its_job_runs(puller, producer):
    handle = producer.enqueue(letter())

    claim = puller.claim(Queue.EMAIL)

    assert claim.job == letter(job_id=handle.job_id)
    assert (claim.job_id, claim.attempt, claim.alone, claim.stop_asked) == (handle.job_id, 1, False, False)
    assert timedelta(seconds=25) < claim.lease_until - utc_now() <= timedelta(seconds=30)
    status = handle.status()
    assert (status.state, status.worker, status.attempts) == (State.RUNNING, "copier", 1)


def test_a_settled_job_is_done_and_its_result_is_kept(puller, producer, client):
    handle = producer.enqueue(Canary(), keep_result=True)

    puller.settle(puller.claim(HERE), outcome="copied", result={"bytes": 7})

    assert handle.result(timeout=5) == {"outcome": "copied", "bytes": 7}
    assert (handle.status().state, handle.status().outcome) == (State.DONE, "copied")
    assert leased(client) == 0


def test_a_failed_job_comes_back_as_the_next_attempt(puller, producer, schedule, client):
    handle = producer.enqueue(Canary(note="again"))

    puller.fail(puller.claim(HERE), "the archive is away", retry_in=NOW)

    assert (handle.status().state, handle.status().error) == (State.RETRYING, "the archive is away")
    again = puller.claim(HERE, timeout=timedelta(seconds=5))
    assert (again.job_id, again.attempt, again.job.note) == (handle.job_id, 2, "again")


def test_a_job_that_failed_for_good_is_a_dead_letter(puller, producer, dead_letters, client):
    handle = producer.enqueue(Canary())

    puller.fail(puller.claim(HERE), "no such archive")

    letter_ = dead_letters.find(handle.job_id)
    assert (letter_.reason, letter_.error, letter_.worker) == (Reason.PERMANENT, "no such archive", "copier")
    assert b"maintenance.canary" in letter_.message
    assert leased(client) == 0


def test_a_job_that_is_given_back_is_the_next_one(puller, producer, client):
    first, second = producer.enqueue(Canary()), producer.enqueue(Canary())

    puller.give_back(puller.claim(HERE))

    assert first.status().state is State.READY
    assert [puller.claim(HERE).job_id for _ in range(2)] == [first.job_id, second.job_id]


def test_claims_that_were_not_settled_go_back_when_the_puller_is_closed(broker, producer, client):
    handle = producer.enqueue(Canary())

    with Puller(broker.broker_url) as puller:
        puller.claim(HERE)

    assert handle.status().state is State.READY
    assert (client.llen("maintenance"), leased(client)) == (1, 0)


def test_an_empty_queue_answers_none_and_leaves_nothing_behind(puller, client):
    assert puller.claim(HERE) is None
    assert leased(client) == 0


def test_who_waits_for_a_job_is_woken_by_it(puller, producer):
    threading.Timer(0.2, lambda: producer.enqueue(Canary())).start()
    began = time.monotonic()

    claim = puller.claim(HERE, timeout=timedelta(seconds=20))

    assert claim is not None
    assert time.monotonic() - began < 5


def test_a_job_that_becomes_due_is_claimed(puller, producer):
    handle = producer.enqueue(Canary(), delay=timedelta(milliseconds=200))

    assert puller.claim(HERE, timeout=timedelta(seconds=20)).job_id == handle.job_id


def test_a_cancelled_job_is_not_handed_out(puller, producer):
    producer.enqueue(Canary()).cancel()
    wanted = producer.enqueue(Canary())

    assert puller.claim(HERE).job_id == wanted.job_id


# Calls that make no sense.


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda puller: puller.claim("letters"), "no queue is called 'letters'; there are: email, requests"),
        (lambda puller: puller.claim(HERE, timeout=-MINUTE), "must not be negative"),
        (lambda puller: puller.peek(HERE, 0), "from 1 to 1,000"),
        (lambda puller: puller.fail(puller.claim(HERE), "away", retry_in=-MINUTE), "between 0 and 366 days"),
        (lambda puller: puller.settle(puller.claim(HERE), outcome="x", result={"a": object()}), "must be JSON"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_with_the_reason(puller, producer, call, why):
    producer.enqueue(Canary())

    with pytest.raises(PullRefused, match=why):
        call(puller)


def test_a_lease_that_is_too_short_is_refused():
    with pytest.raises(PullRefused, match="at least 5 s"):
        Puller("redis://127.0.0.1", lease=timedelta(seconds=1))


def test_a_broker_that_is_away_is_named():
    with (
        Puller(f"redis://127.0.0.1:{free_port()}/0") as puller,
        pytest.raises(BrokerUnavailable, match="did not answer"),
    ):
        puller.claim(HERE)
