"""Messages that are not for a puller, and those of stock producers, which are."""

import json
from datetime import timedelta

import pytest

from buffrsign import JobStatus, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.broker.schedule import Schedule
from buffrsign.core.clock import utc_now
from buffrsign.jobs.maintenance import Canary
from tests.support.pulling import HERE, NOW, STOCK_ID, leased, put


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
