"""A queue that is paused accepts jobs and gives out none, until a person resumes it."""

from datetime import timedelta

from redis import Redis

from buffrsign import Producer
from buffrsign.broker import keys
from buffrsign.broker.pausing import pause, paused_since, resume
from buffrsign.broker.schedule import Schedule
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.puller import Puller
from tests.support.broker import TestBroker
from tests.support.taker import Taker

HERE = Queue.MAINTENANCE


def test_a_paused_queue_gives_out_nothing_and_the_others_go_on(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary(ask=Queue.EMAIL))
    other = producer.enqueue(Canary(ask=Queue.AUDIT)).job_id

    pause(client, [Queue.EMAIL])

    both = Taker(client, queues=(Queue.EMAIL, Queue.AUDIT))
    assert [each.job_id for each in both.take()] == [other]
    assert client.llen(Queue.EMAIL) == 1


def test_jobs_are_accepted_and_promoted_while_a_queue_is_paused_and_run_when_it_is_resumed(
    producer: Producer, client: Redis
) -> None:
    pause(client, [HERE])
    ready = producer.enqueue(Canary()).job_id
    later = producer.enqueue(Canary(), delay=timedelta(hours=1)).job_id
    producer.run_now(later)
    Schedule(client).promote()
    client.delete(keys.bell(HERE))

    resume(client, [HERE])

    assert client.exists(keys.bell(HERE))
    assert {each.job_id for each in Taker(client).take()} == {ready, later}


def test_a_suspect_of_a_paused_queue_waits_too(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary())
    message = client.rpop(HERE)
    client.zadd(keys.suspects(HERE), {message: 1})

    pause(client, [HERE])
    assert not Taker(client).take()

    resume(client, [HERE])
    assert len(Taker(client).take()) == 1


def test_what_workers_hold_goes_on(producer: Producer, client: Redis) -> None:
    job_id = producer.enqueue(Canary()).job_id
    taker = Taker(client)
    taken = taker.take()
    pause(client, [HERE])

    taker.let_go(taken)

    assert [each.job_id for each in taken] == [job_id]


def test_a_puller_gets_nothing_from_a_paused_queue(producer: Producer, client: Redis, broker: TestBroker) -> None:
    producer.enqueue(Canary())
    pause(client, [HERE])

    with Puller(broker.broker_url, name="puller") as puller:
        assert puller.claim(HERE, timeout=timedelta(0)) is None


def test_a_pause_says_since_when_and_pausing_again_changes_nothing(client: Redis) -> None:
    pause(client, [Queue.EMAIL])
    first = paused_since(client)

    pause(client, [Queue.EMAIL, Queue.AUDIT])

    assert paused_since(client)["email"] == first["email"] <= utc_now()
    assert set(paused_since(client)) == {"email", "audit"}
    resume(client, [Queue.EMAIL, Queue.AUDIT, Queue.REQUESTS])
    assert paused_since(client) == {}
