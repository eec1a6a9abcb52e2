"""`enqueue_many` on a real broker: what holds for one producer holds for both."""

import socket
import threading
from datetime import timedelta
from itertools import chain

import pytest

from buffrsign import (
    BrokerUnavailable,
    BulkInterrupted,
    BulkRefused,
    EnqueueRefused,
    Producer,
    State,
)
from buffrsign.broker import keys
from buffrsign.broker.bulk import CHUNK_BYTES, CHUNK_JOBS, Answer
from buffrsign.core.clock import utc_now
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.maintenance import CacheCleanup, Canary
from buffrsign.jobs.missed import Missed
from buffrsign.producer import QueueFull
from tests.support.broker import KEY_SECRET
from tests.support.bulks import canaries, waiting
from tests.support.clock import NOON
from tests.support.either import Waited
from tests.support.jobs import large_event, letter
from tests.support.records import whole
from tests.support.wait import wait_until

KINDS = {"sync": Producer, "asyncio": Waited}


@pytest.fixture(params=list(KINDS))
def make(request):
    made = []

    def make(url, **settings):
        made.append(KINDS[request.param](url, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def either(make, broker):
    return make(broker.broker_url, key_secret=KEY_SECRET)


def test_a_bulk_is_accepted_in_its_order(either, client):
    jobs = canaries(3 * CHUNK_JOBS + 7)

    enqueued = either.enqueue_many(iter(jobs))

    assert enqueued.created == [job.job_id for job in jobs] == waiting(client, "maintenance")
    assert len(enqueued) == len(jobs)
    assert not enqueued.duplicate
    assert not enqueued.unknown
    status = either.status(jobs[-1].job_id)
    assert (status.state, status.kind, status.queue) == (State.READY, Canary.kind, "maintenance")
    assert client.hget(keys.COUNTERS, "maintenance:enqueued") == str(len(jobs)).encode()


def test_a_job_of_a_bulk_leaves_what_a_job_alone_leaves(either, client):
    terms = {"expires": timedelta(hours=1), "keep_result": True, "key_window": timedelta(minutes=1)}
    for delay in (timedelta(0), timedelta(minutes=5)):
        alone, of_bulk = letter(round=1), letter(round=2)
        either.enqueue(alone, delay=delay, missed=Missed.SKIP, **terms)
        either.enqueue_many([of_bulk], delay=delay, missed=Missed.SKIP, **terms)

        ttls = [client.pttl(keys.record(job.job_id)) for job in (alone, of_bulk)]
        first, second = (client.hgetall(whole(client, job.job_id)) for job in (alone, of_bulk))

        assert abs(ttls[1] - ttls[0]) < 60_000
        assert first.keys() == second.keys()
        same = first.keys() - {b"enqueued_at", b"ready_at", b"expires_at", b"unique", b"message"}
        assert {name: first[name] for name in same} == {name: second[name] for name in same}
        assert either.cancel(alone.job_id)
        assert either.cancel(of_bulk.job_id)


def test_a_bulk_goes_into_the_queue_of_each_job(either, client):
    events = [RecordEvent(action="document.viewed", occurred_at=NOON, details={}) for _ in range(3)]
    jobs = [*canaries(2), *events, CacheCleanup()]

    either.enqueue_many(jobs)

    assert waiting(client, "audit") == [event.job_id for event in events]
    assert waiting(client, "maintenance") == [jobs[0].job_id, jobs[1].job_id, jobs[-1].job_id]


def test_a_bulk_waits_for_its_time(either, client, schedule):
    jobs = canaries(300)

    either.enqueue_many(jobs, delay=timedelta(hours=1), missed=Missed.ONCE, series="s")

    assert schedule.size() == client.zcard(keys.SERIES_PREFIX + "s") == 300
    assert client.llen(keys.SCHEDULE_BELL) == 1
    assert either.status(jobs[0].job_id).state is State.SCHEDULED
    assert either.run_now(jobs[0].job_id)


def test_a_bulk_enqueued_again_is_all_duplicates(either, client):
    jobs = canaries(300)
    either.enqueue_many(jobs)

    again = either.enqueue_many([*jobs, Canary()])

    assert again.duplicate == [job.job_id for job in jobs]
    assert len(again.created) == 1
    assert client.llen("maintenance") == 301


def test_a_key_is_taken_once_within_a_bulk_and_before_it(either):
    before, first, second, other = letter(round=1), letter(round=2), letter(round=2), letter(round=3)
    either.enqueue(before)

    enqueued = either.enqueue_many([letter(round=1), first, second, other, other])

    assert list(enqueued.answers) == [
        Answer.DUPLICATE,
        Answer.CREATED,
        Answer.DUPLICATE,
        Answer.CREATED,
        Answer.DUPLICATE,
    ]
    assert list(enqueued.job_ids) == [before.job_id, first.job_id, first.job_id, other.job_id, other.job_id]


@pytest.mark.parametrize(
    "refused",
    [letter(document_title=""), letter(round="1"), large_event(), None, {"type": "test"}],
    ids=["field", "type", "size", "none", "loose"],
)
def test_one_refused_job_keeps_all_of_a_bulk_back_and_is_named_by_its_position(either, client, refused):
    jobs = [*canaries(1000), refused, *canaries(5)]

    with pytest.raises(BulkRefused, match="at position 1,000") as caught:
        either.enqueue_many(jobs)

    assert caught.value.position == 1000
    assert client.dbsize() == 0


def test_what_is_no_job_is_refused_with_a_sentence(either):
    with pytest.raises(EnqueueRefused, match=r"expected a job of buffrsign\.jobs, got dict"):
        either.enqueue({"type": "test"})


def test_an_iterable_that_breaks_off_publishes_nothing(either, client):
    def breaking():
        yield from canaries(1000)
        raise LookupError("the caller's own")

    with pytest.raises(LookupError):
        either.enqueue_many(breaking())

    assert client.dbsize() == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_with_one_invalid_job_publishes_nothing(make, broker):
    producer = make(broker.broker_url)
    jobs = chain((Canary() for _ in range(999_999)), [letter(document_title="")])

    with pytest.raises(BulkRefused, match="at position 999,999"):
        producer.enqueue_many(jobs)

    assert broker.client.dbsize() == 0


def test_terms_that_make_no_sense_are_refused_before_anything_is_sent(either, client):
    with pytest.raises(EnqueueRefused, match="not both"):
        either.enqueue_many(canaries(1), delay=timedelta(1), at=utc_now())

    assert client.dbsize() == 0


def test_an_empty_bulk_asks_the_broker_nothing(make):
    assert len(make("redis://127.0.0.1:1").enqueue_many([])) == 0


def test_chunks_are_bounded_by_their_bytes_too(either, client):
    events = [
        RecordEvent(action="document.viewed", occurred_at=NOON, details={"text": "x" * 60_000}) for _ in range(40)
    ]
    calls = client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]

    enqueued = either.enqueue_many(events)

    made = client.info("commandstats")["cmdstat_evalsha"]["calls"] - calls
    assert len(enqueued.created) == 40
    assert made >= 40 * 60_000 // CHUNK_BYTES


def test_a_bulk_that_is_too_large_for_its_queue_is_refused_from_the_first_chunk_that_does_not_fit(make, broker):
    producer = make(broker.broker_url, max_ready=300)
    jobs = canaries(600)

    with pytest.raises(BulkInterrupted, match="ready jobs") as caught:
        producer.enqueue_many(jobs)

    enqueued = caught.value.enqueued
    assert enqueued.created == [job.job_id for job in jobs[:CHUNK_JOBS]]
    assert enqueued.unknown == [job.job_id for job in jobs[CHUNK_JOBS:]]
    assert broker.client.llen("maintenance") == CHUNK_JOBS
    with pytest.raises(QueueFull):
        producer.enqueue_many(canaries(CHUNK_JOBS))
    assert len(producer.enqueue_many(jobs[:CHUNK_JOBS]).duplicate) == CHUNK_JOBS  # what stands needs no room


def test_another_key_secret_is_refused_before_anything_is_published(make, either, broker):
    either.enqueue(letter())
    other = make(broker.broker_url, key_secret="another secret")

    with pytest.raises(EnqueueRefused, match="key secret"):
        other.enqueue_many([*canaries(600), letter(round=2)])

    assert broker.client.llen("maintenance") == 0
    with pytest.raises(EnqueueRefused):
        other.require_same_secret()


def test_a_broker_that_has_forgotten_the_scripts_is_told_them_again(either, client):
    either.enqueue_many(canaries(1))
    client.script_flush()

    assert len(either.enqueue_many(canaries(600)).created) == 600
    client.script_flush()
    assert not either.enqueue(Canary()).duplicate
    assert either.cancel(waiting(client, "maintenance")[0])


def test_a_full_broker_accepts_none_of_a_bulk(make, own_broker):
    producer = make(own_broker.broker_url)
    own_broker.client.config_set("maxmemory", 1)

    with pytest.raises(BulkInterrupted, match="the broker is full") as caught:
        producer.enqueue_many(canaries(600))

    assert len(caught.value.enqueued.unknown) == 600
    assert own_broker.client.dbsize() == 0
    own_broker.client.config_set("maxmemory", 0)
    assert len(producer.enqueue_many(canaries(600)).created) == 600


class Cut:
    """A proxy before the broker that passes so many bytes on, and then cuts the connection: `answers` or not."""

    def __init__(self, port, *, after, answers):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._broker, self._left, self._answers = port, after, answers
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        near, _ = self._server.accept()
        far = socket.create_connection(("127.0.0.1", self._broker))
        back = threading.Thread(target=self._pump_back, args=(far, near), daemon=True)
        back.start()
        while self._left > 0 and (data := near.recv(min(65536, self._left))):
            far.sendall(data)
            self._left -= len(data)
        if self._answers:
            far.shutdown(socket.SHUT_WR)
            back.join()
        for end in (near, far):
            end.close()
        self._server.close()

    def _pump_back(self, far, near):
        try:
            while data := far.recv(65536):
                near.sendall(data)
        except OSError:
            return


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("after", [100, 60_000, 500_000, 900_000])
def test_a_bulk_that_is_interrupted_says_what_is_known_and_a_repeat_loses_and_doubles_nothing(
    make, either, broker, after, answers
):
    port = broker.client.connection_pool.connection_kwargs["port"]
    database = broker.client.connection_pool.connection_kwargs["db"]
    proxy = Cut(port, after=after, answers=answers)
    jobs = canaries(2000)

    with pytest.raises(BulkInterrupted) as caught:
        make(f"redis://127.0.0.1:{proxy.port}/{database}").enqueue_many(jobs)
    wait_until(lambda: not proxy.thread.is_alive(), "the proxy has closed")

    accepted = set(waiting(broker.client, "maintenance"))
    enqueued = caught.value.enqueued
    assert set(enqueued.created) <= accepted
    assert set(enqueued.created) | set(enqueued.unknown) == {job.job_id for job in jobs}
    assert len(accepted) % CHUNK_JOBS == 0  # a chunk is accepted whole or not at all
    either.enqueue_many(jobs)
    assert sorted(waiting(broker.client, "maintenance")) == sorted(job.job_id for job in jobs)


def test_a_broker_that_is_away_has_accepted_nothing(make):
    with pytest.raises(BulkInterrupted) as caught:
        make("redis://127.0.0.1:1").enqueue_many(canaries(3))

    assert len(caught.value.enqueued.unknown) == 3
    assert isinstance(caught.value, BrokerUnavailable)
