"""The transport by itself, under plain kombu: what is taken is held until it is settled."""

import pytest

from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from tests.support.plain import QUEUE, Taken, held, publish, waiting


def test_a_message_is_held_until_it_is_acknowledged(connection, client):
    job_id = publish(connection)
    taken = Taken(connection)

    taken.drain(until=1)
    assert (taken.job_ids, waiting(client), held(client)) == ([job_id], 0, 1)

    taken.messages[0].ack()
    taken.drain()
    assert (waiting(client), held(client)) == (0, 0)


def test_a_message_that_is_requeued_comes_again_and_one_that_is_rejected_is_a_dead_letter(
    connection, client, dead_letters
):
    job_id = publish(connection)
    taken = Taken(connection)
    taken.drain(until=1)

    taken.messages[0].requeue()
    taken.drain(until=2)
    taken.messages[1].reject()

    assert taken.job_ids == [job_id, job_id]
    assert dead_letters.find(job_id).reason is Reason.REJECTED
    assert (waiting(client), held(client)) == (0, 0)


def test_no_more_is_taken_than_there_is_room_for(connection, client):
    ids = [publish(connection) for _ in range(5)]
    taken = Taken(connection, prefetch=2)

    taken.drain()
    assert (taken.job_ids, waiting(client), held(client)) == (ids[:2], 3, 2)

    taken.messages[0].ack()
    taken.drain()
    assert (taken.job_ids, waiting(client), held(client)) == (ids[:3], 2, 2)


def test_without_a_bound_a_call_takes_64(connection, client):
    for _ in range(70):
        publish(connection)
    taken = Taken(connection)

    taken.drain(until=1)

    assert (len(taken.messages), waiting(client)) == (64, 6)


def test_messages_of_a_higher_priority_come_first(connection, client):
    low, high, middle = (publish(connection, priority=priority) for priority in (9, 0, 4))

    assert [client.llen(ready) for ready in keys.ready_lists(QUEUE)] == [1, 1, 0, 1]
    taken = Taken(connection)
    taken.drain(until=3)

    assert taken.job_ids == [high, middle, low]


def test_one_message_can_be_had_by_direct_access(connection, client):
    job_id = publish(connection)
    with connection.channel() as channel:
        message = channel.basic_get(QUEUE)
        assert message.headers["id"] == job_id
        assert channel.basic_get(QUEUE) is None

        message.ack()
        channel.flush()

        assert (waiting(client), held(client)) == (0, 0)


def test_a_simple_queue_works(connection, client):
    job_id = publish(connection)
    with connection.SimpleQueue(QUEUE) as simple:
        message = simple.get(timeout=5)
        message.ack()

    assert message.headers["id"] == job_id
    assert (waiting(client), held(client)) == (0, 0)


@pytest.mark.parametrize("no_ack", [False, True])
def test_a_message_that_is_no_task_s_goes_through_as_in_kombu(connection, client, no_ack):
    with connection.SimpleQueue("maintenance", no_ack=no_ack) as simple:
        simple.put({"hello": "world"})

        message = simple.get(timeout=5)

        assert message.payload == {"hello": "world"}
        if not no_ack:
            message.ack()
    assert (waiting(client), held(client)) == (0, 0)


def test_a_consumer_without_acknowledgements_holds_nothing(connection, client):
    job_id = publish(connection)
    taken = Taken(connection, no_ack=True)

    taken.drain(until=1)

    assert (taken.job_ids, waiting(client), held(client)) == ([job_id], 0, 0)


def test_what_a_closed_channel_gave_back_takes_no_room_any_more(connection, client):
    ids = [publish(connection) for _ in range(2)]
    first = Taken(connection, prefetch=2)
    first.drain(until=2)

    first.channel.close()
    second = Taken(connection, prefetch=2)
    second.drain(until=2)

    assert second.job_ids == ids
    assert (waiting(client), held(client)) == (0, 2)
