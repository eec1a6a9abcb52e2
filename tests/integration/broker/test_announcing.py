"""Events go out without waiting, and none is lost by that: what had no answer is sent again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from buffrsign.broker.announcing import Announcer, fanout_message
from tests.support.broker import TestBroker
from tests.support.wait import wait_until

CHANNEL = "/0.celeryev/task.multi"


@pytest.fixture
def announcer(broker: TestBroker) -> Iterator[Announcer]:
    with Redis.from_url(broker.broker_url, client_name="announcer") as client:
        announcer = Announcer(client.connection_pool)
        yield announcer
        announcer.close()


@pytest.fixture
def heard(broker: TestBroker) -> Iterator[list[bytes]]:
    """What a listener has heard, as it comes."""
    messages: list[bytes] = []
    with broker.client.pubsub() as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(**{CHANNEL: lambda message: messages.append(message["data"])})
        channel.get_message(timeout=5)
        listening = channel.run_in_thread(sleep_time=0.01, daemon=True)
        yield messages
        listening.stop()
        listening.join()


def hang_up(client: Redis) -> None:
    """Cut the announcer off."""
    [connection] = [each for each in client.client_list() if each["name"] == "announcer"]
    client.client_kill(connection["addr"])


def test_all_is_heard_in_its_order(announcer: Announcer, heard: list[bytes]) -> None:
    told = [b"%d" % number for number in range(5)]

    for message in told:
        announcer.publish(CHANNEL, message)

    wait_until(lambda: heard == told, "all to be heard")


def test_a_connection_that_was_lost_while_nobody_spoke_costs_no_message(
    announcer: Announcer, heard: list[bytes], broker: TestBroker
) -> None:
    announcer.publish(CHANNEL, b"one")
    wait_until(lambda: heard == [b"one"], "the first to be heard")

    hang_up(broker.client)
    announcer.publish(CHANNEL, b"two")

    wait_until(lambda: heard == [b"one", b"two"], "the second to be heard")


def test_what_had_no_answer_is_told_again(announcer: Announcer, heard: list[bytes], broker: TestBroker) -> None:
    announcer.publish(CHANNEL, b"one")
    wait_until(lambda: heard == [b"one"], "the first to be heard")
    connection: Any = announcer._connection
    connection.read_response()  # as if the answer had been lost on its way
    hang_up(broker.client)

    announcer.publish(CHANNEL, b"two")

    wait_until(lambda: heard == [b"one", b"one", b"two"], "both to be heard")


def test_a_refusal_is_no_reason_to_stop(
    announcer: Announcer, heard: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    announcer._send(b"*1\r\n$7\r\nPUBLISH\r\n")

    announcer.publish(CHANNEL, b"two")

    wait_until(lambda: heard == [b"two"], "the next to be heard")
    assert "broker refuses events" in caplog.text


def test_the_message_is_one_of_kombu_s_with_its_body_as_text() -> None:
    message = json.loads(
        fanout_message("celeryev", "task.multi", '[{"type":"task-started"}]', {"hostname": "one@here"})
    )

    assert json.loads(message["body"]) == [{"type": "task-started"}]
    assert message["properties"]["delivery_info"] == {"exchange": "celeryev", "routing_key": "task.multi"}
    assert "body_encoding" not in message["properties"]
