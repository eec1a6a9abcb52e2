import json

import pytest

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.core.clock import from_epoch_ms
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import WORKER, read, take


def bury(producer, client, deliveries, *, error="it is no PDF"):
    """A job that died in its first run."""
    handle = producer.enqueue(Canary(note="hello"))
    delivery = take(client)
    deliveries.begin(delivery)
    deliveries.bury(delivery, reason=Reason.PERMANENT, error=error)
    return handle


def test_a_dead_letter_keeps_its_reason_and_its_message(producer, client, deliveries, dead_letters):
    handle = bury(producer, client, deliveries)

    letter = dead_letters.find(handle.job_id)

    assert (letter.kind, letter.queue, letter.worker) == ("maintenance.canary", "maintenance", WORKER)
    assert (letter.reason, letter.error, letter.attempts) == (Reason.PERMANENT, "it is no PDF", 1)
    assert letter.died_at == handle.status().ended_at
    assert read(letter.message).request["args"] == [{"v": 1, "ask": "maintenance", "note": "hello"}]


def test_a_message_that_nothing_can_be_told_from_is_kept_as_it_came(producer, client, deliveries, dead_letters):
    handle = producer.enqueue(Canary())
    delivery = take(client)

    deliveries.bury(
        delivery, reason=Reason.UNREADABLE, error="its body does not decode", message=b"\xff\x00 as it came"
    )

    assert dead_letters.find(handle.job_id).message == b"\xff\x00 as it came"


def test_the_newest_come_first(producer, client, deliveries, dead_letters):
    ids = [bury(producer, client, deliveries).job_id for _ in range(3)]
    for age, job_id in enumerate(reversed(ids)):
        client.zadd(keys.DEAD_LETTERS, {job_id: 1000 - age})

    assert [letter.job_id for letter in dead_letters.newest()] == ids[::-1]
    assert [letter.job_id for letter in dead_letters.newest(at_most=2)] == ids[:0:-1]
    assert dead_letters.newest(at_most=0) == []
    assert dead_letters.count() == 3


def test_a_job_that_did_not_die_has_no_dead_letter(producer, dead_letters):
    assert dead_letters.find(producer.enqueue(Canary()).job_id) is None
    assert dead_letters.count() == 0
    assert dead_letters.newest() == []


def test_a_dead_letter_outlives_its_record(producer, client, deliveries, dead_letters):
    handle = bury(producer, client, deliveries)

    assert client.ttl(keys.dead_letter(handle.job_id)) == -1
    assert client.ttl(keys.record(handle.job_id)) > 0


@pytest.mark.parametrize("error", ["", "e" * 10_000, "ä\n☃"])
def test_an_error_is_kept_up_to_its_bound(producer, client, deliveries, dead_letters, error):
    handle = bury(producer, client, deliveries, error=error)

    assert dead_letters.find(handle.job_id).error == error[:500]


def test_a_payload_that_only_a_stock_producer_could_send_is_buried_too(producer, client, deliveries, dead_letters):
    handle = producer.enqueue(Canary())
    delivery = take(client)
    delivery.request["args"][0].update(half="\ud800", infinite=float("inf"))

    deliveries.bury(delivery, reason=Reason.REFUSED, error="unknown field `half`")

    assert handle.status().state is State.DEAD
    assert read(dead_letters.find(handle.job_id).message).request["args"] == delivery.request["args"]


def test_a_payload_that_is_nested_too_deeply_to_be_written_is_no_reason_to_stay_alive(
    producer, client, deliveries, dead_letters
):
    handle = producer.enqueue(Canary())
    delivery = take(client)
    deep = []
    for _ in range(5000):
        deep = [deep]
    delivery.request["args"][0].update(deep=deep)

    deliveries.bury(delivery, reason=Reason.REFUSED, error="nested too deeply")

    assert handle.status().state is State.DEAD
    assert dead_letters.find(handle.job_id).message == b""


def test_the_time_of_death_is_the_brokers(producer, client, deliveries, dead_letters):
    handle = bury(producer, client, deliveries)

    score = client.zscore(keys.DEAD_LETTERS, handle.job_id)

    assert from_epoch_ms(int(score)) == dead_letters.find(handle.job_id).died_at
    assert json.loads(dead_letters.find(handle.job_id).message)["headers"]["id"] == handle.job_id
