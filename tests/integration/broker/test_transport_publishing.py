"""What plain kombu publishes by our transport: now or later, once, and in a queue that can be counted and purged."""

import json
from datetime import timedelta
from uuid import uuid4

from buffrsign.broker import keys
from buffrsign.core.clock import utc_now
from tests.support.plain import QUEUE, Taken, held, publish, waiting
from tests.support.wait import wait_until


def test_a_message_for_later_waits_in_the_schedule(connection, client, schedule):
    job_id = publish(connection, eta=utc_now() + timedelta(milliseconds=500))

    assert (schedule.size(), waiting(client)) == (1, 0)
    taken = Taken(connection)
    taken.drain(until=1)
    assert taken.job_ids == [job_id]


def test_a_message_for_later_keeps_its_priority(connection, client, schedule):
    publish(connection, eta=utc_now() + timedelta(milliseconds=300), priority=6)

    wait_until(lambda: schedule.promote().moved == 1, "it to be due")

    assert client.llen(keys.ready_lists(QUEUE)[2]) == 1


def test_a_message_that_is_published_twice_is_there_once(connection, client, schedule):
    job_id = publish(connection)
    publish(connection, job_id=job_id)
    publish(connection, job_id=job_id, eta=utc_now() + timedelta(hours=1))

    assert (waiting(client), schedule.size()) == (1, 0)


def test_a_retry_of_a_message_is_another_one_and_is_there_once_too(connection, client):
    job_id = publish(connection)
    taken = Taken(connection)
    taken.drain(until=1)

    for _ in range(2):
        publish(connection, job_id=job_id, retries=1)
    taken.messages[0].ack()
    taken.drain(until=2)

    assert taken.job_ids == [job_id, job_id]
    assert waiting(client) == 0


def test_a_queue_is_counted_and_purged_over_all_its_lists(connection, producer, client):
    ids = [publish(connection, priority=priority) for priority in (0, 3, 9)]
    with connection.channel() as channel:
        assert channel._size(QUEUE) == 3

        assert channel.queue_purge(QUEUE) == 3

        assert channel._size(QUEUE) == 0
    assert {producer.status(job_id).state.value for job_id in ids} == {"cancelled"}


def test_a_time_that_a_stock_producer_gave_is_waited_for_by_direct_access_too(connection, client, schedule):
    publish(connection)
    envelope = json.loads(client.rpop(QUEUE))
    envelope["headers"] |= {"id": str(uuid4()), "eta": "2099-01-01T00:00:00+00:00"}
    client.lpush(QUEUE, json.dumps(envelope))

    with connection.channel() as channel:
        assert channel.basic_get(QUEUE) is None

    assert (schedule.size(), held(client)) == (1, 0)
