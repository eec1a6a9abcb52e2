"""A message that cannot be read, and a server that refuses: consuming goes on."""

import pytest
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from buffrsign.broker.dead_letters import Reason
from tests.support.plain import QUEUE, Taken, connected, held, publish, waiting


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe",
        b"",
        b"null",
        b"[1]",
        b'{"body": "e30=", "properties": {"delivery_',
        b'{"properties": 7}',
        b'{"properties": {"body_encoding": "base64"}, "body": "a", "headers": {}}',
        b'{"properties": {"body_encoding": "rot13"}, "body": "!", "headers": {}}',
        b'{"properties": {}, "headers": [1]}',
        b'{"properties": {}, "headers": {"eta": "soon"}}',
        b"[" * 100_000,
    ],
    ids=range(11),
)
@pytest.mark.parametrize("way", ["consume", "get"])
def test_what_cannot_be_read_becomes_a_dead_letter_and_consuming_goes_on(
    connection, client, dead_letters, garbage, way
):
    client.lpush(QUEUE, garbage)
    wanted = publish(connection)

    if way == "consume":
        taken = Taken(connection)
        taken.drain(until=1)
        assert taken.job_ids == [wanted]
    else:
        with connection.channel() as channel:
            assert channel.basic_get(QUEUE).headers["id"] == wanted

    (dead,) = dead_letters.newest()
    assert (dead.reason, dead.message, dead.queue) == (Reason.UNREADABLE, garbage, QUEUE)


def test_scripts_that_the_server_forgot_are_loaded_again(connection, client):
    taken = Taken(connection)
    taken.drain()
    client.script_flush()

    job_id = publish(connection)
    taken.drain(until=1)

    assert taken.job_ids == [job_id]


def test_consuming_goes_on_after_the_server_refused_scripts_for_a_while(own_broker):
    with connected(own_broker) as connection:
        job_id = publish(connection)
        taken = Taken(connection)
        own_broker.client.config_set("min-replicas-to-write", 1)
        try:
            with pytest.raises(AssertionError):
                drain_briefly(taken)
        finally:
            own_broker.client.config_set("min-replicas-to-write", 0)

        taken.drain(until=1)

        assert taken.job_ids == [job_id]


def drain_briefly(taken: Taken) -> None:
    for _ in range(3):
        try:
            taken.connection.drain_events(timeout=0.3)
        except TimeoutError:
            continue
    assert taken.messages


def test_a_full_broker_takes_no_more_and_gives_out_what_it_has(own_broker):
    with connected(own_broker) as connection:
        job_id = publish(connection)
        own_broker.client.config_set("maxmemory", 1)

        with pytest.raises(OutOfMemoryError):
            publish(connection)
        taken = Taken(connection)
        taken.drain(until=1)
        taken.messages[0].ack()
        taken.drain()

        assert taken.job_ids == [job_id]
        assert (waiting(own_broker.client), held(own_broker.client)) == (0, 0)
        own_broker.client.config_set("maxmemory", 0)


def test_a_replica_takes_nothing_and_consuming_goes_on_when_it_is_primary_again(own_broker):
    client = own_broker.client
    with connected(own_broker) as connection:
        job_id = publish(connection)
        taken = Taken(connection)
        client.replicaof("127.0.0.1", "1")
        try:
            with pytest.raises(ReadOnlyError):
                publish(connection)
            with pytest.raises((AssertionError, ReadOnlyError, *connection.connection_errors)):
                drain_briefly(taken)
        finally:
            client.replicaof("NO", "ONE")

        taken.drain(until=1)

        assert taken.job_ids == [job_id]
