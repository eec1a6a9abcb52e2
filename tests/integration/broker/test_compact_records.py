"""A job that waits for its time is one small string in Redis, and everything that looks at records copes with that."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from redis import Redis
from redis.exceptions import ResponseError

from buffrsign import Producer
from buffrsign.broker import keys
from buffrsign.broker.bodies import Body, read_body
from buffrsign.broker.books import Leased
from buffrsign.broker.deliveries import Begun, Deliveries, Ended
from buffrsign.broker.forgetting import forget_lost
from buffrsign.broker.limits import ENDED_TTL, WAITING_TTL
from buffrsign.broker.messages import Readable, read
from buffrsign.broker.records import State, read_statuses, scan_statuses
from buffrsign.broker.schedule import Schedule
from buffrsign.broker.scripts import script
from buffrsign.jobs import Job, Queue
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.missed import Missed
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.deliveries import give_back, take
from tests.support.jobs import letter
from tests.support.private import NEW, cipher_of
from tests.support.records import whole

HOUR = timedelta(hours=1)
ODD = 'a/b \\ "é" 🦊'


def kind_of(client: Redis, job_id: str) -> Any:
    return client.type(keys.record(job_id))


def promoted(client: Redis, producer: Producer, schedule: Schedule, job: Job, **terms: Any) -> dict[str, Any]:
    """The message that the broker builds of a job when its time has come."""
    producer.enqueue(job, delay=HOUR, **terms)
    producer.run_now(job.job_id)
    schedule.promote()
    message: dict[str, Any] = json.loads(client.lpop(job.destination))  # type: ignore[arg-type]
    return message


@pytest.mark.parametrize("keeps_result", [False, True])
def test_a_message_is_the_same_whether_its_job_had_to_wait_or_not(
    producer: Producer, client: Redis, schedule: Schedule, keeps_result: bool
) -> None:
    first, second = Canary(note=ODD), Canary(note=ODD)
    producer.enqueue(first, keep_result=keeps_result)
    at_once = json.loads(client.lpop("maintenance"))  # type: ignore[arg-type]

    later = promoted(client, producer, schedule, second, keep_result=keeps_result)

    assert later == json.loads(json.dumps(at_once).replace(first.job_id, second.job_id))


@pytest.mark.parametrize("touched", [False, True])
def test_a_sealed_message_is_the_same_but_for_its_seal(
    broker: TestBroker, client: Redis, schedule: Schedule, touched: bool
) -> None:
    cipher = cipher_of(NEW)
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=cipher)
    first, second = letter(round=1), letter(round=2)
    producer.enqueue(first)
    at_once = json.loads(client.lpop("email"))  # type: ignore[arg-type]
    producer.enqueue(second, delay=HOUR)
    if touched:
        whole(client, second.job_id)
    producer.run_now(second.job_id)
    producer.close()
    schedule.promote()
    raw: Any = client.lpop("email")

    later = json.loads(raw)
    message = read(Leased("", "email", raw, alone=False))
    assert isinstance(message, Readable)
    body = read_body(message, cipher)
    assert isinstance(body, Body)
    assert isinstance(body.payload, dict)
    assert body.payload["round"] == 2
    del at_once["body"], later["body"]
    assert later == json.loads(json.dumps(at_once).replace(first.job_id, second.job_id))


def test_a_record_that_was_touched_says_what_it_said_when_it_was_compact(producer: Producer, client: Redis) -> None:
    job = letter()
    terms: Any = {"missed": Missed.ONCE, "series": "nightly", "key_window": timedelta(minutes=1)}
    handle = producer.enqueue(job, delay=HOUR, expires=HOUR, keep_result=True, **terms)
    names = ["kind", "queue", "state", "enqueued_at", "ready_at", "keeps_result", "missed", "series", "window_s"]
    names += ["unique", "expires_at", "message", "starts"]
    compact: Any = script(client, "read_records")(args=[len(names), *names, job.job_id, "unknown"])
    status = handle.status()
    assert kind_of(client, job.job_id) == b"string"

    whole(client, job.job_id)

    assert kind_of(client, job.job_id) == b"hash"
    assert compact == [client.hmget(keys.record(job.job_id), names), [None] * len(names)]
    assert all(value is not None for value in compact[0][:-1])
    assert handle.status() == status
    assert client.ttl(keys.record(job.job_id)) == -1


def test_a_record_of_a_ready_job_says_the_same_when_it_was_touched_and_is_whole_once_the_job_begins(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    terms: Any = {"missed": Missed.ONCE, "series": "nightly", "key_window": timedelta(minutes=1)}
    touched, begun = letter(round=1), letter(round=2)
    for job in (touched, begun):
        producer.enqueue(job, expires=HOUR, keep_result=True, **terms)
    names = ["kind", "queue", "state", "enqueued_at", "ready_at", "keeps_result", "missed", "series", "window_s"]
    names += ["unique", "expires_at", "message", "starts"]
    read = script(client, "read_records")
    compact: Any = read(args=[len(names), *names, touched.job_id, begun.job_id])
    assert kind_of(client, touched.job_id) == kind_of(client, begun.job_id) == b"string"

    whole(client, touched.job_id)
    client.rpop("email")
    assert deliveries.begin(take(client, Queue.EMAIL)) == Begun(attempt=1, crashes=0)

    after: Any = read(args=[len(names), *names, touched.job_id, begun.job_id])
    assert after[0] == compact[0]
    assert all(value is not None for value in compact[0][:-2])
    assert dict(zip(names, after[1], strict=True)) == dict(zip(names, compact[1], strict=True)) | {
        "state": b"running",
        "starts": b"1",
    }
    assert producer.enqueue(letter(round=2)).duplicate


@pytest.mark.parametrize("delay", [None, HOUR])
def test_no_duplicate_is_accepted_while_a_job_waits_however_long(
    producer: Producer, client: Redis, delay: timedelta | None
) -> None:
    producer.enqueue(letter(), delay=delay)

    assert [client.ttl(key) for key in client.keys("buffrsign:unique:*")] == [-1]


def test_what_is_known_of_jobs_that_somebody_else_took_is_forgotten_a_day_after_a_week(
    producer: Producer, client: Redis
) -> None:
    lost, waiting, young = letter(round=1), Canary(), InspectDocument(document_id="doc_7", sha256="ab" * 32)
    for job in (lost, waiting, young):
        producer.enqueue(job)
    client.delete("email", "documents")
    for job in (lost, waiting):
        age(client, job.job_id, WAITING_TTL + HOUR)

    assert forget_lost(client) == 1

    ttls = {job.job_id: client.ttl(keys.record(job.job_id)) for job in (lost, waiting, young)}
    day_s = ENDED_TTL.total_seconds()
    assert ttls == {lost.job_id: day_s, waiting.job_id: -1, young.job_id: -1}
    assert sorted(client.ttl(key) for key in client.keys("buffrsign:unique:*")) == [-1, day_s]  # type: ignore[type-var]
    assert forget_lost(client) == 1  # it can be done again


def test_what_is_to_be_forgotten_is_found_among_many_others(producer: Producer, client: Redis) -> None:
    jobs = [Canary() for _ in range(2500)]
    producer.enqueue_many(jobs)
    client.delete("maintenance")
    for job in jobs[::1000]:
        age(client, job.job_id, WAITING_TTL + HOUR)

    assert forget_lost(client) == 3


def age(client: Redis, job_id: str, by: timedelta) -> None:
    """Let a job have become ready so much earlier."""
    record: Any = client.get(keys.record(job_id))
    form, terms, key_hash = msgspec.msgpack.decode(record)
    terms["a"] -= by // timedelta(milliseconds=1)
    client.set(keys.record(job_id), msgspec.msgpack.encode([form, terms, key_hash]))


def test_a_job_that_is_moved_stays_compact_and_its_expiry_moves_with_it(
    producer: Producer, client: Redis, schedule: Schedule
) -> None:
    handle = producer.enqueue(Canary(), delay=timedelta(days=1), expires=HOUR)

    assert producer.reschedule(handle.job_id, delay=timedelta(days=2))

    assert kind_of(client, handle.job_id) == b"string"
    status = handle.status()
    assert status
    due_ms = int(client.zscore(keys.SCHEDULE, handle.job_id) or 0)
    assert status.due_at == datetime.fromtimestamp(due_ms / 1000, UTC)
    expires: Any = client.hget(whole(client, handle.job_id), "expires_at")
    assert int(expires) == due_ms + 3_600_000


def test_a_job_whose_time_is_over_when_it_is_enqueued_is_ready_at_once(producer: Producer, client: Redis) -> None:
    job = Canary(note=ODD)

    producer.enqueue_many([job], at=datetime(2026, 1, 1, tzinfo=UTC))

    assert producer.status(job.job_id).state is State.READY
    [payload] = take(client).request["args"]
    assert payload["note"] == ODD


def test_a_copy_of_a_message_that_comes_before_its_jobs_time_may_begin(
    producer: Producer, client: Redis, deliveries: Deliveries, schedule: Schedule
) -> None:
    job = Canary()
    producer.enqueue(Canary(job_id=job.job_id))
    message: Any = client.lpop("maintenance")
    client.delete(keys.record(job.job_id))
    producer.enqueue(job, delay=HOUR)
    give_back(client, message)

    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)

    assert schedule.size() == 0
    status = producer.status(job.job_id)
    assert status
    assert status.state is State.RUNNING


def test_many_statuses_are_read_whatever_form_their_records_have(producer: Producer, client: Redis) -> None:
    waiting = [Canary() for _ in range(501)]
    producer.enqueue_many(waiting, delay=HOUR)
    ready = producer.enqueue(Canary())
    job_ids = [*(job.job_id for job in waiting), ready.job_id, "unknown"]

    statuses = read_statuses(client, job_ids)

    assert [status.state for status in statuses[:-1] if status] == [State.SCHEDULED] * 501 + [State.READY]
    assert statuses[-1] is None
    assert len(scan_statuses(client)) == 502


def test_a_record_in_a_form_that_is_not_known_here_waits_and_holds_nobody_up(
    producer: Producer, client: Redis, schedule: Schedule
) -> None:
    newer, known = Canary(), Canary()
    producer.enqueue_many([newer, known], delay=HOUR)
    record: Any = client.get(keys.record(newer.job_id))
    client.set(keys.record(newer.job_id), record.replace(b"\x93\x01", b"\x93\x03", 1))
    client.zadd(keys.SCHEDULE, {newer.job_id: 1, known.job_id: 2})

    promotion = schedule.promote()

    assert (promotion.moved, promotion.gone) == (1, ())
    assert promotion.next_due is not None
    assert timedelta(seconds=50) < promotion.next_due <= timedelta(minutes=1)
    assert take(client).job_id == known.job_id
    client.set(keys.record(newer.job_id), record)
    assert producer.cancel(newer.job_id)


def test_a_job_whose_record_is_in_a_form_that_is_not_known_here_does_not_begin_and_loses_nothing(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    job = Canary()
    producer.enqueue(job)
    record: Any = client.get(keys.record(job.job_id))
    newer = record.replace(b"\x93\x02", b"\x93\x03", 1)
    client.set(keys.record(job.job_id), newer)

    with pytest.raises(ResponseError, match="a newer release wrote this record"):
        deliveries.begin(take(client))

    assert client.get(keys.record(job.job_id)) == newer


def test_a_job_that_expired_while_it_was_ready_says_all_that_it_said(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    job = letter()
    producer.enqueue(job, expires=timedelta(milliseconds=1))
    time.sleep(0.01)

    assert isinstance(deliveries.begin(take(client, Queue.EMAIL)), Ended)

    status = producer.status(job.job_id)
    assert status
    assert (status.state, status.kind, status.error) == (State.CANCELLED, job.kind, "it expired before it started")
    assert not producer.enqueue(letter()).duplicate


def test_a_compact_record_costs_little_beside_its_payload(producer: Producer, client: Redis) -> None:
    job = Canary(note="x" * 200)
    producer.enqueue(job, delay=HOUR)

    record: Any = client.memory_usage(keys.record(job.job_id))

    assert record <= 200 + 200
