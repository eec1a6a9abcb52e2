"""The producer on a real broker."""

import json
from datetime import timedelta
from functools import partial

import pytest

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Ended
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.core.clock import from_epoch_ms, utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.producer import MAX_DELAY
from tests.support.broker import KEY_SECRET
from tests.support.clock import StoppedClock
from tests.support.deliveries import read, take
from tests.support.jobs import ADDRESS, large_event, letter
from tests.support.racing import race

HOUR = timedelta(hours=1)


def test_a_job_is_accepted_into_its_queue(producer, client):
    handle = producer.enqueue(Canary())

    assert handle.status().state is State.READY
    assert client.llen("maintenance") == 1


def test_a_canary_is_accepted_into_the_queue_it_asks(producer, client):
    handle = producer.enqueue(Canary(ask="email"))

    assert handle.status().queue == "email"
    assert client.llen("email") == 1


def test_a_delayed_job_waits_in_the_schedule(producer, client):
    handle = producer.enqueue(Canary(), delay=HOUR)

    status = handle.status()
    assert status.state is State.SCHEDULED
    assert status.due_at - status.enqueued_at == HOUR
    assert client.llen("maintenance") == 0


def test_a_job_waits_until_its_time(producer):
    at = utc_now() + HOUR

    status = producer.enqueue(Canary(), at=at).status()

    assert status.state is State.SCHEDULED
    assert abs(status.due_at - at) < timedelta(milliseconds=1)


@pytest.mark.parametrize("ago", [timedelta(milliseconds=1), timedelta(days=30_000)])
def test_a_past_time_means_now(producer, client, ago):
    status = producer.enqueue(Canary(), at=utc_now() - ago).status()

    assert status.state is State.READY
    assert status.due_at == status.enqueued_at
    assert client.llen("maintenance") == 1


def test_a_producer_whose_clock_is_wrong_counts_a_delay_on_the_brokers_clock(broker, client):
    seconds, microseconds = client.time()
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, clock=StoppedClock(from_epoch_ms(0)))

    status = producer.enqueue(Canary(), delay=HOUR).status()
    producer.close()

    due_in = status.due_at - from_epoch_ms(seconds * 1000 + microseconds // 1000)
    assert HOUR <= due_in < HOUR + timedelta(seconds=5)


@pytest.mark.parametrize(
    "enqueue",
    [
        lambda producer: producer.enqueue(Canary(note="two\nlines")),
        lambda producer: producer.enqueue(Canary(), delay=-HOUR),
        lambda producer: producer.enqueue(Canary(), at=utc_now() + MAX_DELAY + HOUR),
        lambda producer: producer.enqueue(large_event()),
        lambda producer: producer.add_job("cleanup", {"type": "old_sessions"}),
    ],
)
def test_what_is_refused_leaves_no_trace(producer, client, enqueue):
    with pytest.raises(Exception, match=r"refused|between|at most|allowed|known there"):
        enqueue(producer)

    assert client.dbsize() == 0


def test_the_calls_of_the_older_services_are_accepted(producer, client):
    request = {
        "type": "signature_request",
        "recipient_email": ADDRESS,
        "document_title": "Service agreement",
        "signing_url": "https://sign.example/doc_7",
    }
    check = {"type": "eta_2019_check", "document_id": "doc_7", "user_id": "user_3"}

    sent = producer.add_job("email_notifications", request, 0).status()
    delayed = producer.add_job("compliance_checks", check, 300).status()

    assert (sent.kind, sent.state) == ("email.signature_request", State.READY)
    assert (delayed.kind, delayed.state) == ("compliance.eta_2019_check", State.SCHEDULED)
    assert delayed.due_at - delayed.enqueued_at == timedelta(minutes=5)
    assert client.llen("email") == 1


# The same job.


def test_a_repeated_job_changes_nothing(producer, client):
    job = Canary()
    first = producer.enqueue(job).status()

    again = producer.enqueue(job, delay=HOUR)

    assert again.duplicate
    assert again.status() == first
    assert (client.llen("maintenance"), client.zcard(keys.SCHEDULE)) == (1, 0)


def test_a_key_stays_taken_for_a_day_after_the_job_is_done(producer, client, deliveries):
    first = producer.enqueue(letter())
    delivery = take(client, Queue.EMAIL)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="sent", result={})

    again = producer.enqueue(letter())

    assert (again.job_id, again.duplicate) == (first.job_id, True)
    (unique,) = client.keys(keys.UNIQUE_PREFIX + "*")
    assert client.ttl(unique) == client.ttl(keys.record(first.job_id)) == ENDED_TTL.total_seconds()


def test_a_key_is_free_when_its_job_is_forgotten(producer, client):
    first = producer.enqueue(letter())
    client.delete(keys.record(first.job_id))  # as its TTL does

    assert not producer.enqueue(letter()).duplicate


def test_cancel_then_enqueue_again_runs_the_new_one_only(producer, client, deliveries):
    taken_back = producer.enqueue(letter())
    taken_back.cancel()
    producer.enqueue(letter(round=2))
    producer.enqueue(letter())

    answers = {
        delivery.job_id: deliveries.begin(delivery) for delivery in [take(client, Queue.EMAIL) for _ in range(3)]
    }

    assert answers.pop(taken_back.job_id) == Ended(State.CANCELLED, None)
    assert list(answers.values()) == [Begun(attempt=1, crashes=0)] * 2


def test_cancelling_the_old_job_late_does_not_free_the_key_of_the_new_one(producer, client):
    first = producer.enqueue(letter())
    first.cancel()
    second = producer.enqueue(letter())

    assert not first.cancel()

    assert producer.enqueue(letter()).job_id == second.job_id


def test_of_many_threads_one_enqueues_the_letter(producer, client):
    handles = race([partial(producer.enqueue, letter()) for _ in range(16)])

    assert sorted(handle.duplicate for handle in handles) == [False] + [True] * 15
    assert len({handle.job_id for handle in handles}) == 1
    assert client.llen("email") == 1


# Taking back, and asking.


def test_a_scheduled_job_is_taken_back(producer, client):
    handle = producer.enqueue(letter(), delay=HOUR)

    assert handle.cancel()

    assert handle.status().state is State.CANCELLED
    assert handle.status().ended_at is not None
    assert client.zcard(keys.SCHEDULE) == 0
    assert client.hget(keys.record(handle.job_id), "message") is None


def test_a_ready_job_is_taken_back_and_dropped_by_the_worker_that_pops_it(producer, client, deliveries):
    handle = producer.enqueue(Canary())

    assert handle.cancel()

    assert deliveries.begin(take(client)).state is State.CANCELLED
    assert handle.status().attempts == 0


def test_a_job_that_waits_for_another_try_is_taken_back(producer, client, deliveries):
    handle = producer.enqueue(Canary())
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.retry(delivery, delay=HOUR, error="the mail server is away")

    assert handle.cancel()

    assert handle.status().state is State.CANCELLED
    assert client.zcard(keys.SCHEDULE) == 0


def test_a_job_that_has_started_is_not_taken_back(producer, client, deliveries, dead_letters):
    running, done, dead = (producer.enqueue(Canary()) for _ in range(3))
    for _ in range(3):
        deliveries.begin(delivery := take(client))
        if delivery.job_id == done.job_id:
            deliveries.finish(delivery, outcome="answered", result={})
        if delivery.job_id == dead.job_id:
            deliveries.bury(delivery, reason=Reason.PERMANENT, error="it is no PDF")

    assert [handle.cancel() for handle in (running, done, dead)] == [False] * 3

    assert [handle.status().state for handle in (running, done, dead)] == [State.RUNNING, State.DONE, State.DEAD]
    assert dead_letters.count() == 1


def test_an_unknown_job_has_no_status(producer):
    assert producer.status(Canary().job_id) is None


# What the queue holds.


def test_the_message_says_whether_its_result_is_kept(producer, client):
    producer.enqueue(Canary(), keep_result=True)
    producer.enqueue(Canary())

    kept, ignored = take(client), take(client)

    assert (kept.request["ignore_result"], ignored.request["ignore_result"]) == (False, True)


def test_every_message_has_a_delivery_tag_of_its_own(producer, client):
    for _ in range(3):
        producer.enqueue(Canary())

    tags = {json.loads(message)["properties"]["delivery_tag"] for message in client.lrange("maintenance", 0, -1)}

    assert len(tags) == 3


def test_the_first_message_is_taken_first(producer, client):
    handles = [producer.enqueue(Canary()) for _ in range(3)]

    assert [read(client.rpop("maintenance")).job_id for _ in range(3)] == [handle.job_id for handle in handles]
