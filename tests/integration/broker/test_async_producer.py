"""`AsyncProducer` on a real broker: what asyncio adds to what holds for both producers, which is in `test_bulk.py`."""

import asyncio
import json
import random
import threading
from datetime import timedelta

import pytest

from buffrsign import (
    BrokerUnavailable,
    JobFailed,
    ResultNotKept,
    State,
)
from buffrsign.broker import keys
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import KEY_SECRET
from tests.support.bulks import canaries, waiting
from tests.support.either import Waited
from tests.support.records import whole
from tests.support.wait import wait_until


@pytest.fixture
def waited(broker):
    producer = Waited(broker.broker_url, key_secret=KEY_SECRET)
    yield producer
    producer.close()


def test_both_producers_make_the_same_record_and_message(waited, producer, client):
    job, other = Canary(), Canary()
    waited.enqueue(job, keep_result=True)
    producer.enqueue(other, keep_result=True)

    second, first = (json.loads(message) for message in client.lrange("maintenance", 0, -1))

    for message in (first, second):
        for name in ("id", "root_id"):
            message["headers"].pop(name)
        for name in ("correlation_id", "delivery_tag"):
            message["properties"].pop(name)
    assert first == second
    assert client.hgetall(whole(client, job.job_id)).keys() == client.hgetall(whole(client, other.job_id)).keys()


def test_an_asyncio_handle_follows_its_job(waited, client, deliveries):
    handle = waited.enqueue(Canary(), delay=timedelta(hours=1), keep_result=True)

    assert waited.status(handle.job_id).state is State.SCHEDULED
    assert waited.reschedule(handle.job_id, delay=timedelta(hours=2))
    assert waited.cancel(handle.job_id)
    assert waited.status("unknown") is None
    with pytest.raises(JobFailed):
        waited.result(handle.job_id, timeout=1)
    with pytest.raises(ResultNotKept):
        waited.result(waited.add_job("cleanup", {"type": "test"}).job_id, timeout=1)


def test_an_asyncio_result_arrives_while_it_is_awaited(waited, client):
    job = Canary()
    waited.enqueue(job, keep_result=True)

    def finish():
        wait_until(lambda: client.pubsub_numsub(keys.result_channel(job.job_id))[0][1] == 1, "somebody waits")
        client.hset(whole(client, job.job_id), mapping={"state": "done", "result": '{"pages": 3}'})
        client.publish(keys.result_channel(job.job_id), "done")

    finishing = threading.Thread(target=finish)
    finishing.start()

    assert waited.result(job.job_id, timeout=20) == {"pages": 3}
    finishing.join()
    with pytest.raises(TimeoutError):
        waited.result(waited.enqueue(Canary(), keep_result=True).job_id, timeout=0.1)


def test_many_asyncio_calls_share_a_few_connections(waited, client):
    before = client.info("clients")["connected_clients"]
    jobs = canaries(500)

    handles = waited.together((lambda producer, job=job: producer.enqueue(job)) for job in jobs)

    assert sorted(handle.job_id for handle in handles) == sorted(waiting(client, "maintenance"))
    assert client.info("clients")["connected_clients"] - before <= 33


@pytest.mark.parametrize("seed", range(3))
def test_a_cancelled_call_leaves_others_their_own_answers_and_no_connection_behind(waited, client, seed):
    luck = random.Random(seed)  # noqa: S311 - it says when to cancel
    before = client.info("clients")["connected_clients"]

    async def turns(at_most):
        for _ in range(luck.randrange(at_most)):
            await asyncio.sleep(0)

    async def play(producer):
        async def one(job):
            handle = await producer.enqueue(job)
            assert (handle.job_id, handle.duplicate) == (job.job_id, False)

        for _ in range(20):
            calls = [asyncio.create_task(one(job)) for job in canaries(50)]
            await turns(12)
            for call in luck.sample(calls, 25):
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert [each for each in ended if each and not isinstance(each, asyncio.CancelledError)] == []

    async def play_bulks(producer):
        for _ in range(5):
            jobs = canaries(1500)
            bulk = asyncio.create_task(producer.enqueue_many(jobs))
            await turns(40)
            bulk.cancel()
            await asyncio.gather(bulk, return_exceptions=True)
            again = await producer.enqueue_many(jobs)
            assert not again.unknown
            assert list(again.job_ids) == [job.job_id for job in jobs]

    waited.together([play, play_bulks])

    assert waited.enqueue(Canary()).status is not None
    pool = waited.producer._client.connection_pool
    assert len(pool._in_use_connections) == 0
    assert client.info("clients")["connected_clients"] - before <= 33


def test_an_asyncio_producer_says_that_it_serves_one_event_loop(broker):
    producer = Waited(broker.broker_url, key_secret=KEY_SECRET)
    job_id = producer.enqueue(Canary()).job_id

    for call in (
        lambda: producer.producer.enqueue(Canary()),
        lambda: producer.producer.enqueue_many(canaries(2)),
        lambda: producer.producer.status(job_id),
        lambda: producer.producer.result(job_id, timeout=1),
        lambda: producer.producer.cancel(job_id),
    ):
        with pytest.raises(RuntimeError, match="serves one event loop"):
            asyncio.run(call())

    assert producer.status(job_id).state is State.READY
    producer.close()


def test_an_asyncio_producer_that_is_closed_with_calls_under_way_answers_them(broker):
    producer = Waited(broker.broker_url, key_secret=KEY_SECRET)
    jobs = canaries(100)

    def close(producer):
        return producer.close()

    calls = [(lambda producer, job=job: producer.enqueue(job)) for job in jobs]
    *handles, _closed = producer.together([*calls, close])

    assert [handle.job_id for handle in handles] == [job.job_id for job in jobs]
    producer.close()


def test_an_asyncio_producer_that_is_away_says_so():
    producer = Waited("redis://127.0.0.1:1")
    for call in (
        lambda: producer.enqueue(Canary()),
        lambda: producer.cancel("x"),
        lambda: producer.status("x"),
        lambda: producer.result("x", timeout=1),
        producer.require_same_secret,
    ):
        with pytest.raises(BrokerUnavailable):
            call()
    producer.close()
