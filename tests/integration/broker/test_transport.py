"""The transport by itself, under plain kombu: nothing is lost on the way to a consumer, whatever happens to it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from kombu import Connection
from redis import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.core.clock import utc_now
from tests.support.broker import TestBroker
from tests.support.plain import QUEUE, Taken, connected, publish
from tests.support.programs import ROOT
from tests.support.wait import wait_until

TAKER = """
import sys
from tests.support.broker import TestBroker
from tests.support.plain import Taken, connected

with connected(TestBroker(None, sys.argv[1], "", "")) as connection:
    taken = Taken(connection)
    if sys.argv[2] == "asked":
        connection.transport.cycle.on_poll_start()  # the reserve is sent, and its answer is never read
    else:
        taken.drain(until=1)
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def connection(broker: TestBroker) -> Iterator[Connection]:
    with connected(broker) as connection:
        yield connection


@pytest.fixture
def second(broker: TestBroker) -> Iterator[Connection]:
    with connected(broker) as connection:
        yield connection


def holder_of(taken: Taken) -> Any:
    return taken.channel.holder


def held(client: Redis) -> int:
    return sum(client.hlen(key) for key in client.scan_iter(match=keys.HOLDER_PREFIX + "*"))


def waiting(client: Redis) -> int:
    return client.llen(QUEUE)


def send_a_reserve(connection: Connection, client: Redis, *, jobs: int) -> None:
    """The broker has handed out so many jobs, and the answer waits unread."""
    already = held(client)
    connection.transport.cycle.on_poll_start()
    wait_until(lambda: held(client) == already + jobs, "the reserve to be done")


# What is taken is held until it is settled.


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


# A consumer that dies, or whose connection does.


@pytest.mark.parametrize("moment", ["asked", "taken"])
def test_what_a_killed_consumer_had_taken_goes_to_another(broker, connection, client, moment):
    ids = [publish(connection) for _ in range(3)]
    victim = subprocess.Popen(
        [sys.executable, "-c", TAKER, broker.broker_url, moment],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with victim:
        assert victim.stdout.readline() == b"ready\n"
        wait_until(lambda: held(client) == 3, "the consumer to be given all")
        victim.kill()
    client.set(keys.WATCH, client.time()[0] * 1000)
    for holder in client.zrange(keys.HOLDERS, 0, -1):
        client.zadd(keys.HOLDERS, {holder: 1})  # its 30 seconds are over

    taken = Taken(connection)
    taken.drain(until=3)

    assert sorted(taken.job_ids) == sorted(ids)


def test_a_consumer_that_ends_well_gives_back_what_it_held(broker, connection, client):
    ids = [publish(connection) for _ in range(3)]
    run = subprocess.run(
        [sys.executable, "-c", TAKER, broker.broker_url, "taken"],
        cwd=ROOT,
        env=os.environ,
        input=b"",
        capture_output=True,
        check=False,
        timeout=30,
    )

    assert run.stderr == b""
    assert (waiting(client), held(client), client.zcard(keys.HOLDERS)) == (3, 0, 0)
    taken = Taken(connection)
    taken.drain(until=3)
    assert sorted(taken.job_ids) == sorted(ids)


def test_an_answer_that_is_lost_goes_back_with_the_next_heartbeat(connection, client):
    ids = [publish(connection) for _ in range(3)]
    taken = Taken(connection)
    skip_the_next_answer(taken)
    send_a_reserve(connection, client, jobs=3)

    kill_connections(client)
    with pytest.raises(connection.connection_errors):
        taken.drain(until=1)
    assert held(client) == 3
    holder_of(taken).beat()

    assert (held(client), waiting(client)) == (0, 3)
    taken.drain(until=3)
    assert sorted(taken.job_ids) == sorted(ids)


def skip_the_next_answer(taken: Taken) -> None:
    """The server does what the blocking connection asks for next, and says nothing."""
    channel = taken.channel
    channel.connection.cycle._client_registered(channel, channel.client, "BRPOP")
    channel.client.connection.connect()
    channel.client.connection.send_command("CLIENT", "REPLY", "SKIP")


def test_an_answer_that_is_overdue_is_given_up_for_a_new_one(connection, client):
    ids = [publish(connection) for _ in range(3)]
    taken = Taken(connection)
    send_a_reserve(connection, client, jobs=3)
    taken.channel._in_poll.disconnect()  # as kombu does when it has waited for too long

    connection.transport.cycle.on_poll_start()
    holder_of(taken).beat()
    taken.drain(until=3)

    assert sorted(taken.job_ids) == sorted(ids)


def test_what_is_held_outlives_its_connection(connection, client):
    publish(connection)
    taken = Taken(connection)
    taken.drain(until=1)

    kill_connections(client)
    taken.messages[0].ack()
    wait_until(lambda: (holder_of(taken).flush(), held(client) == 0)[1], "the acknowledgement to be written")

    assert waiting(client) == 0


def kill_connections(client: Redis) -> None:
    client.client_kill_filter(_type="normal", skipme=True)


def test_a_channel_that_closes_gives_back_what_has_not_started(connection, client):
    ids = [publish(connection) for _ in range(3)]
    taken = Taken(connection)
    taken.drain(until=3)

    taken.channel.close()

    assert (waiting(client), held(client)) == (3, 0)
    again = Taken(connection)
    again.drain(until=3)
    assert again.job_ids == ids


def test_a_consumer_that_is_cancelled_gives_back_what_has_not_started(connection, client):
    for _ in range(3):
        publish(connection)
    taken = Taken(connection)
    taken.drain(until=3)

    taken.consumer.cancel()

    assert (waiting(client), held(client)) == (3, 0)


def test_two_connections_of_one_process_share_the_jobs(connection, second, client):
    ids = [publish(connection) for _ in range(10)]
    one, two = Taken(connection, prefetch=4), Taken(second, prefetch=8)

    one.drain(until=4)
    two.drain()
    for message in one.messages:
        message.ack()
    two.drain(until=6)

    assert sorted([*one.job_ids, *two.job_ids]) == sorted(ids)


def test_a_heartbeat_leaves_alone_what_is_on_its_way_by_another_connection(connection, second, client):
    first = publish(connection)
    one, two = Taken(connection), Taken(second)
    send_a_reserve(connection, client, jobs=1)
    other = publish(second)
    two.drain(until=1)

    holder_of(one).beat()

    assert held(client) == 2
    one.drain(until=1)
    assert (one.job_ids, two.job_ids) == ([first], [other])


# Messages that nobody can take.


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


# A server that refuses.


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


# Publishing.


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


def test_what_a_closed_channel_gave_back_takes_no_room_any_more(connection, client):
    ids = [publish(connection) for _ in range(2)]
    first = Taken(connection, prefetch=2)
    first.drain(until=2)

    first.channel.close()
    second = Taken(connection, prefetch=2)
    second.drain(until=2)

    assert second.job_ids == ids
    assert (waiting(client), held(client)) == (0, 2)
