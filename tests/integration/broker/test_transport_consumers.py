"""A consumer that ends, that dies or whose connection does: what it had taken goes to another."""

import os
import subprocess
import sys

import pytest
from kombu import Connection
from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.scripts import source
from tests.support.plain import Taken, held, holder_of, publish, waiting
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


@pytest.mark.parametrize("moment", ["asked", "taken"])
def test_what_a_killed_consumer_had_taken_goes_to_another(broker, connection, client, moment):
    ids = [publish(connection) for _ in range(3)]
    client.script_load(source("reserve"))  # it reads no answer, not even that the server does not know the script
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


def send_a_reserve(connection: Connection, client: Redis, *, jobs: int) -> None:
    """The broker has handed out so many jobs, and the answer waits unread."""
    already = held(client)
    connection.transport.cycle.on_poll_start()
    wait_until(lambda: held(client) == already + jobs, "the reserve to be done")


def skip_the_next_answer(taken: Taken) -> None:
    """The server does what the blocking connection asks for next, and says nothing."""
    channel = taken.channel
    channel.connection.cycle._client_registered(channel, channel.client, "BRPOP")
    channel.client.connection.connect()
    channel.client.connection.send_command("CLIENT", "REPLY", "SKIP")


def kill_connections(client: Redis) -> None:
    client.client_kill_filter(_type="normal", skipme=True)
