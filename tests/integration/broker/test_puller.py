"""Taking jobs without Celery: every move of a claim, on a real broker."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import JobStatus, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.broker.schedule import Schedule
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.puller import BrokerUnavailable, ClaimLost, Puller, PullRefused
from tests.support.broker import TestBroker
from tests.support.jobs import letter
from workers.processes import free_port

NOW = timedelta(0)
MINUTE = timedelta(minutes=1)
HERE = Queue.MAINTENANCE
STOCK_ID = "4f8c4a3e-30f1-4c2e-9d2b-6f6a4a1f7f10"


@pytest.fixture
def puller(broker: TestBroker) -> Iterator[Puller]:
    with Puller(broker.broker_url, name="copier") as puller:
        yield puller


@pytest.fixture
def other(broker: TestBroker) -> Iterator[Puller]:
    with Puller(broker.broker_url, name="other") as puller:
        yield puller


def let_leases_run_out(client: Redis) -> None:
    """The holders fall silent for longer than their leases, while somebody looks for such."""
    now_ms = client.time()[0] * 1000
    client.set(keys.WATCH, now_ms)
    for holder in client.zrange(keys.HOLDERS, 0, -1):
        client.zadd(keys.HOLDERS, {holder: now_ms - 1})


def put(client: Redis, *, payload: object, kind: str = "maintenance.canary", **headers: object) -> None:
    """A message as another producer may write it."""
    envelope = {
        "body": base64.b64encode(json.dumps([[payload], {}, headers.pop("follows", {})]).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": kind, "id": STOCK_ID, **headers},
        "properties": {"body_encoding": "base64", "delivery_info": {"exchange": "", "routing_key": "maintenance"}},
    }
    client.lpush("maintenance", json.dumps(envelope))


def leased(client: Redis) -> int:
    return client.zcard(keys.HOLDERS) + len(client.keys(keys.HOLDER_PREFIX + "*"))


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


# A claim lives as long as it is extended, and no longer.


def test_a_claim_that_nobody_extends_goes_to_another(puller, other, producer, client):
    handle = producer.enqueue(Canary())
    puller.claim(HERE)

    let_leases_run_out(client)
    again = other.claim(HERE)

    assert (again.job_id, again.attempt, again.alone) == (handle.job_id, 2, True)
    assert handle.status().crashes == 1


def test_an_extended_claim_stays(puller, other, producer, client):
    producer.enqueue(Canary())
    claim = puller.claim(HERE)
    let_leases_run_out(client)

    kept = puller.extend(claim)

    assert kept.lease_until > claim.lease_until
    assert other.claim(HERE) is None
    puller.settle(kept, outcome="copied")


def test_only_the_claim_that_is_extended_stays(puller, other, producer, client):
    kept_job, lost_job = producer.enqueue(Canary()), producer.enqueue(Canary())
    kept, lost = puller.claim(HERE), puller.claim(HERE)
    let_leases_run_out(client)
    puller.extend(kept)

    again = other.claim(HERE)

    assert (kept.job_id, again.job_id) == (kept_job.job_id, lost_job.job_id)
    puller.settle(kept, outcome="copied")
    with pytest.raises(ClaimLost):
        puller.settle(lost, outcome="copied")


def test_a_lease_may_be_longer_than_a_worker_s(broker, producer, client):
    with Puller(broker.broker_url, lease=timedelta(hours=2)) as slow:
        producer.enqueue(Canary())

        claim = slow.claim(HERE)

        [(_, until_ms)] = client.zrange(keys.HOLDERS, 0, -1, withscores=True)
        assert until_ms / 1000 - client.time()[0] > 7100
        assert claim.lease_until - utc_now() > timedelta(minutes=119)


@pytest.mark.parametrize("late", ["settle", "fail", "retry", "give_back", "extend"])
def test_who_comes_too_late_is_told_and_changes_nothing(puller, other, producer, client, late):
    handle = producer.enqueue(Canary())
    claim = puller.claim(HERE)
    let_leases_run_out(client)
    other.claim(HERE)
    before = handle.status()

    with pytest.raises(ClaimLost, match="no longer held, and the job is running now") as lost:
        end(puller, claim, late)

    assert (lost.value.job_id, lost.value.state) == (handle.job_id, State.RUNNING)
    assert handle.status() == before


@pytest.mark.parametrize("again", ["settle", "fail", "retry", "give_back", "extend"])
def test_a_claim_is_settled_once(puller, producer, again):
    producer.enqueue(Canary())
    claim = puller.claim(HERE)
    puller.settle(claim, outcome="copied")

    with pytest.raises(ClaimLost, match="the job is done now"):
        end(puller, claim, again)


def end(puller, claim, how):
    match how:
        case "settle":
            puller.settle(claim, outcome="late")
        case "fail":
            puller.fail(claim, "late")
        case "retry":
            puller.fail(claim, "late", retry_in=MINUTE)
        case "give_back":
            puller.give_back(claim)
        case "extend":
            puller.extend(claim)


def test_a_job_that_three_claimers_died_of_is_a_dead_letter(broker, puller, producer, client, dead_letters):
    handle = producer.enqueue(Canary())
    for _ in range(3):
        puller.claim(HERE)
        let_leases_run_out(client)

    assert puller.claim(HERE) is None

    assert dead_letters.find(handle.job_id).reason is Reason.KILLER


def test_who_extends_hears_that_the_job_is_to_stop(puller, producer):
    handle = producer.enqueue(Canary())
    claim = puller.claim(HERE)
    handle.cancel(running=True)

    claim = puller.extend(claim)

    assert claim.stop_asked
    assert puller.extend(claim).stop_asked


# Messages that are not for us.


@pytest.mark.parametrize(
    "garbage",
    [b"\xff\xfe", b"[]", b'{"properties": {}}', b'{"properties": {}, "headers": {"task": "a", "id": "b"}}', b'{"a'],
)
def test_an_unreadable_message_becomes_a_dead_letter_and_the_next_job_comes_out(
    puller, producer, client, dead_letters, garbage
):
    client.lpush("maintenance", garbage)
    wanted = producer.enqueue(Canary())

    assert puller.claim(HERE).job_id == wanted.job_id

    (dead,) = dead_letters.newest()
    assert (dead.reason, dead.message) == (Reason.UNREADABLE, garbage)


@pytest.mark.parametrize("body", ["!", "bm8ganNvbg==", "", None, 7, "W10=", "eyJhIjogMX0=", "////"])
def test_an_unreadable_body_becomes_a_dead_letter(puller, client, dead_letters, body):
    put(client, payload={})
    envelope = json.loads(client.rpop("maintenance"))
    client.lpush("maintenance", json.dumps({**envelope, "body": body}))

    assert puller.claim(HERE) is None

    assert dead_letters.find(STOCK_ID).reason is Reason.UNREADABLE


def test_a_pickled_body_is_never_loaded(puller, client, dead_letters):
    put(client, payload={})
    envelope = json.loads(client.rpop("maintenance"))
    client.lpush("maintenance", json.dumps({**envelope, "content-type": "application/x-python-serialize"}))

    assert puller.claim(HERE) is None

    assert "ContentDisallowed" in dead_letters.find(STOCK_ID).error


def test_a_payload_that_does_not_fit_becomes_a_dead_letter(puller, client, dead_letters):
    put(client, payload={"note": 7})

    assert puller.claim(HERE) is None

    assert dead_letters.find(STOCK_ID).reason is Reason.REFUSED


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"payload": {"v": 99}}, "waiting for a newer worker"),
        ({"payload": {}, "kind": "nobody.knows"}, "no puller knows its kind"),
        ({"payload": {}, "follows": {"chain": [{"task": "next"}]}}, "other tasks follow it"),
    ],
)
def test_what_only_others_can_do_waits_in_the_schedule_and_spends_no_attempt(
    puller, producer, client, schedule, message, why
):
    put(client, **message)

    assert puller.claim(HERE) is None

    status: JobStatus = producer.status(STOCK_ID)
    assert (status.state, status.attempts) == (State.SCHEDULED, 0)
    assert why in status.error
    assert timedelta(seconds=10) < status.due_at - utc_now() < timedelta(seconds=40)
    assert leased(client) == 0


def test_what_nobody_can_do_for_an_hour_dies(puller, client, dead_letters, schedule):
    put(client, payload={}, kind="nobody.knows")
    puller.claim(HERE)
    client.hincrby(keys.record(STOCK_ID), "deferred_at", -3_700_000)
    client.zadd(keys.SCHEDULE, {STOCK_ID: 0})

    assert puller.claim(HERE) is None

    dead = dead_letters.find(STOCK_ID)
    assert (dead.reason, STOCK_ID.encode() in dead.message) == (Reason.UNKNOWN_TASK, True)
    assert DeadLetters(client).count() == 1
    assert Schedule(client).size() == 0


def test_a_stock_producer_s_time_is_waited_for_in_the_schedule(puller, client, schedule):
    put(client, payload={}, eta="2099-01-01T00:00:00+00:00")

    assert puller.claim(HERE) is None

    assert schedule.size() == 1


def test_a_stock_producer_s_job_is_claimed_and_tried_again(puller, client):
    put(client, payload={"note": "plain"}, eta="2001-01-01T00:00:00")

    puller.fail(puller.claim(HERE), "away", retry_in=NOW)

    again = puller.claim(HERE, timeout=timedelta(seconds=5))
    assert (again.job.note, again.attempt) == ("plain", 2)


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
