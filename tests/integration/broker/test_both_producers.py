"""What the real producer promises its callers, and the recording one of their tests keeps just as well."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from buffrsign import EnqueueRefused, LooseJobRefused, PayloadRefused, Producer
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import Canary
from buffrsign.producer import MAX_DELAY, MAX_PAYLOAD_BYTES
from buffrsign.testing import RecordingProducer
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.clock import NOON, StoppedClock
from tests.support.jobs import large_event, letter

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["real", "recording"])
def producer(request: pytest.FixtureRequest) -> Iterator[Producer | RecordingProducer]:
    if request.param == "recording":
        yield RecordingProducer(clock=StoppedClock())
        return
    broker: TestBroker = request.getfixturevalue("broker")
    real = Producer(broker.broker_url, key_secret=KEY_SECRET, clock=StoppedClock())
    yield real
    real.close()


def test_the_handle_has_the_id_of_the_job(producer):
    job = Canary()

    handle = producer.enqueue(job)

    assert (handle.job_id, handle.duplicate) == (job.job_id, False)


def test_a_job_is_accepted_once_per_id(producer):
    job = Canary()
    producer.enqueue(job)

    again = producer.enqueue(job, delay=DAY)

    assert (again.job_id, again.duplicate) == (job.job_id, True)


def test_a_job_is_accepted_once_per_key(producer):
    first = producer.enqueue(letter())

    again = producer.enqueue(letter(message="Hurry!"))

    assert (again.job_id, again.duplicate) == (first.job_id, True)


def test_jobs_without_a_key_are_each_their_own(producer):
    assert not producer.enqueue(letter(document_id=None)).duplicate
    assert not producer.enqueue(letter(document_id=None)).duplicate


def test_a_key_is_free_again_after_a_cancel_and_an_id_is_not(producer):
    job = letter()
    producer.enqueue(job, delay=DAY)
    producer.cancel(job.job_id)

    assert producer.enqueue(job).duplicate
    assert not producer.enqueue(letter()).duplicate


def test_a_job_is_cancelled_once(producer):
    handle = producer.enqueue(Canary())

    assert producer.cancel(handle.job_id)
    assert not producer.cancel(handle.job_id)


def test_a_job_that_nobody_enqueued_is_not_cancelled(producer):
    assert not producer.cancel(Canary().job_id)


def test_a_bad_payload_is_refused(producer):
    with pytest.raises(PayloadRefused, match=r"an e-mail address.*\$\.recipient\.email"):
        producer.enqueue(letter(recipient=Recipient("anna at example.com")))


def test_a_loosely_built_job_is_taken_as_its_worker_will_see_it(producer):
    first = producer.enqueue(letter(recipient={"email": "anna@example.com"}))

    assert producer.enqueue(letter(recipient=Recipient("anna@example.com"))).job_id == first.job_id
    assert not producer.enqueue(Canary(ask="email")).duplicate


def test_a_payload_that_is_too_large_is_refused_with_its_size(producer):
    with pytest.raises(EnqueueRefused, match=f"bytes and {MAX_PAYLOAD_BYTES:,} are allowed; store what is large"):
        producer.enqueue(large_event())


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ({"delay": SECOND, "at": NOON}, "give delay= or at=, not both"),
        ({"delay": -SECOND}, "between 0 and 1830 days, not -1 day, 23:59:59"),
        ({"delay": MAX_DELAY + SECOND}, "between 0 and 1830 days"),
        ({"at": datetime(2026, 3, 2, 12)}, "at= must be aware: .* has no time zone"),  # noqa: DTZ001
        ({"at": NOON + MAX_DELAY + SECOND}, "at= must be at most 1830 days away"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(producer, when, sentence):
    with pytest.raises(EnqueueRefused, match=sentence):
        producer.enqueue(Canary(), **when)


@pytest.mark.parametrize(
    "when", [{}, {"delay": timedelta(0)}, {"delay": MAX_DELAY}, {"at": NOON - DAY}, {"at": NOON + MAX_DELAY}]
)
def test_a_time_that_makes_sense_is_accepted(producer, when):
    assert not producer.enqueue(Canary(), **when).duplicate


@pytest.mark.parametrize(
    "delay_s", [-1, math.nan, math.inf, 1e300, "300", None, timedelta(1), MAX_DELAY.total_seconds() + 1]
)
def test_a_loose_delay_is_a_number_of_seconds(producer, delay_s):
    with pytest.raises(EnqueueRefused, match=r"a number of seconds|between 0 and"):
        producer.add_job("cleanup", {"type": "test"}, delay_s)


def test_an_unknown_loose_type_is_refused(producer):
    with pytest.raises(LooseJobRefused, match="known there: expired_documents"):
        producer.add_job("cleanup", {"type": "old_sessions"})
