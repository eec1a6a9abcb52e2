"""The producer on a real broker."""

from datetime import timedelta

from buffrsign import Producer, State
from buffrsign.jobs.maintenance import Canary


def test_a_job_is_accepted_into_its_queue(producer: Producer, broker) -> None:
    handle = producer.enqueue(Canary())

    assert handle.status().state is State.READY
    assert broker.client.llen("maintenance") == 1


def test_a_delayed_job_waits_in_the_schedule(producer: Producer, broker) -> None:
    handle = producer.enqueue(Canary(), delay=timedelta(hours=1))

    assert handle.status().state is State.SCHEDULED
    assert broker.client.llen("maintenance") == 0
