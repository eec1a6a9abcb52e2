"""Private payloads on a real broker, without Celery: who has the key takes the job, and who has not keeps it safe."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from buffrsign import AsyncProducer, EnqueueRefused, Producer
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.broker.export import export_to_stock
from buffrsign.broker.schedule import Schedule
from buffrsign.crypto import Cipher
from buffrsign.jobs import Queue
from buffrsign.puller import Puller, PullRefused
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.jobs import ADDRESS, letter

OLD, NEW = bytes([1]) * 32, bytes([2]) * 32
BEFORE, ROTATED, AFTER = Cipher({"old": OLD}), Cipher({"new": NEW, "old": OLD}), Cipher({"new": NEW})
WRONG = Cipher({"old": NEW})
ELSEWHERE = "redis://broker.internal:6379/0"
PullerWith = Callable[..., Puller]


@pytest.fixture
def producer(broker: TestBroker) -> Iterator[Producer]:
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=BEFORE)
    yield producer
    producer.close()


@pytest.fixture
def puller_with(broker: TestBroker) -> Iterator[PullerWith]:
    with ExitStack() as open_ones:
        yield lambda cipher=None, **options: open_ones.enter_context(
            Puller(broker.broker_url, cipher=cipher, **options)
        )


@pytest.fixture
def letters(client: Redis) -> DeadLetters:
    return DeadLetters(client)


def key_of(message: bytes) -> str:
    return str(json.loads(message)["headers"]["payload_key"])


def test_who_has_the_key_takes_the_job(producer: Producer, client: Redis, puller_with: PullerWith) -> None:
    job = letter()
    producer.enqueue(job)

    assert ADDRESS not in str(client.lrange("email", 0, -1))
    puller = puller_with(BEFORE)
    [waiting] = puller.peek(Queue.EMAIL)
    claim = puller.claim(Queue.EMAIL)

    assert waiting.job == job
    assert claim
    assert claim.job == job


def test_who_looks_without_the_key_sees_the_kind_and_the_id(producer: Producer, puller_with: PullerWith) -> None:
    handle = producer.enqueue(letter())

    [waiting] = puller_with().peek(Queue.EMAIL)

    assert (waiting.job_id, waiting.kind, waiting.job) == (handle.job_id, "email.signature_request", None)


def test_keys_may_change_while_jobs_wait_and_what_is_tried_again_has_the_new_one(
    producer: Producer, client: Redis, puller_with: PullerWith
) -> None:
    handle = producer.enqueue(letter(), delay=timedelta(hours=1))
    producer.run_now(handle.job_id)
    Schedule(client).promote()
    assert key_of(client.lindex("email", 0)) == "old"

    rotated = puller_with(ROTATED)
    claim = rotated.claim(Queue.EMAIL)
    assert claim
    rotated.fail(claim, "the server is away; wait", retry_in=timedelta(0))
    Schedule(client).promote()

    assert key_of(client.lindex("email", 0)) == "new"
    again = puller_with(AFTER).claim(Queue.EMAIL)
    assert again
    assert again.job == claim.job


@pytest.mark.parametrize(
    ("cipher", "why"),
    [
        (None, "its payload is encrypted, and there are no keys here (BUFFRSIGN_PAYLOAD_KEYS)"),
        (AFTER, "its payload was encrypted with the key old, and known here are: new"),
        (WRONG, "its payload does not open with the key old"),
    ],
    ids=["missing", "retired", "wrong"],
)
def test_without_its_key_a_job_is_a_dead_letter_until_the_key_is_back(
    producer: Producer, letters: DeadLetters, puller_with: PullerWith, cipher: Cipher | None, why: str
) -> None:
    job = letter()
    producer.enqueue(job)

    assert puller_with(cipher).claim(Queue.EMAIL) is None
    [dead] = letters.newest()
    assert (dead.job_id, dead.kind, dead.reason) == (job.job_id, job.kind, Reason.PAYLOAD_UNREADABLE)
    assert dead.error.startswith(why)
    assert ADDRESS.encode() not in dead.message

    assert letters.requeue([job.job_id]).refused == {}
    claim = puller_with(ROTATED).claim(Queue.EMAIL)
    assert claim
    assert claim.job == job
    assert letters.count() == 0


def test_a_body_that_was_put_into_another_job_s_message_is_not_done(
    producer: Producer, client: Redis, letters: DeadLetters, puller_with: PullerWith
) -> None:
    for number in (1, 2):
        producer.enqueue(letter(round=number))
    first, second = (json.loads(client.lpop("email")) for _ in range(2))
    first["body"], second["body"] = second["body"], first["body"]
    client.lpush("email", json.dumps(first), json.dumps(second))

    assert puller_with(BEFORE).claim(Queue.EMAIL) is None

    assert {dead.reason for dead in letters.newest()} == {Reason.PAYLOAD_UNREADABLE}


def test_a_payload_in_clear_is_taken_unless_the_reader_asks_for_encryption(
    broker: TestBroker, letters: DeadLetters, puller_with: PullerWith
) -> None:
    plain = Producer(broker.broker_url, key_secret=KEY_SECRET)
    plain.enqueue(letter())
    assert puller_with(BEFORE).claim(Queue.EMAIL)
    plain.enqueue(letter(round=2))
    plain.close()

    assert puller_with(BEFORE, require_encrypted=True).claim(Queue.EMAIL) is None

    [dead] = letters.newest()
    assert dead.reason is Reason.NOT_ENCRYPTED
    assert letters.requeue([dead.job_id]).refused == {}
    assert puller_with(BEFORE).claim(Queue.EMAIL)


def test_what_goes_back_to_stock_workers_stays_encrypted(
    producer: Producer, client: Redis, puller_with: PullerWith
) -> None:
    job = letter()
    producer.enqueue(job, delay=timedelta(hours=1))

    assert [went.scheduled for went in export_to_stock(client)][-1] == 1

    assert ADDRESS not in str(client.lrange("email", 0, -1))
    [waiting] = puller_with(BEFORE).peek(Queue.EMAIL)
    assert waiting.job == job


async def of_asyncio(**way: Any) -> None:
    await AsyncProducer(ELSEWHERE, key_secret=KEY_SECRET, **way).close()


def test_a_broker_elsewhere_needs_keys_or_the_word_that_it_does_not(puller_with: PullerWith) -> None:
    with pytest.raises(EnqueueRefused, match=r"needs cipher=.*BUFFRSIGN_ALLOW_PLAIN_PAYLOADS=1"):
        Producer(ELSEWHERE, key_secret=KEY_SECRET)
    with pytest.raises(EnqueueRefused, match=r"needs cipher=.*BUFFRSIGN_ALLOW_PLAIN_PAYLOADS=1"):
        asyncio.run(of_asyncio())
    with pytest.raises(PullRefused, match=r"needs cipher=.*BUFFRSIGN_ALLOW_PLAIN_PAYLOADS=1"):
        Puller(ELSEWHERE)

    for way in ({"cipher": BEFORE}, {"allow_plain_payloads": True}):
        Producer(ELSEWHERE, key_secret=KEY_SECRET, **way).close()
        asyncio.run(of_asyncio(**way))
        Puller(ELSEWHERE, **way).close()
