"""Stock tools read our messages: kombu takes them from its own lists, and finds Celery's task protocol 2 in them.

That a stock worker runs them, and that our workers run a stock producer's, is tried in `tests/integration/tasks`.
"""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from kombu import Connection, Exchange
from kombu import Queue as KombuQueue

from buffrsign.jobs import encode
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import take
from tests.support.jobs import letter

FOLLOWS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@pytest.fixture
def kombu(broker):
    with Connection(broker.broker_url) as connection:
        yield connection
        connection.default_channel.client.close()


@contextmanager
def received(kombu, queue):
    """One message as a stock kombu consumer gets it."""
    messages = []
    with kombu.Consumer(
        KombuQueue(queue, Exchange(""), routing_key=queue), on_message=messages.append, accept=["json"]
    ):
        kombu.drain_events(timeout=5)
    (message,) = messages
    yield message
    if not message.acknowledged:
        message.ack()


def test_a_stock_consumer_finds_celerys_task_protocol_in_a_job(producer, kombu):
    job = letter()
    producer.enqueue(job)

    with received(kombu, "email") as message:
        assert message.payload == [[encode(job)], {}, FOLLOWS]
        assert message.headers == {
            "lang": "py",
            "task": "email.signature_request",
            "id": job.job_id,
            "root_id": job.job_id,
            "parent_id": None,
            "group": None,
            "retries": 0,
            "ignore_result": True,
            "eta": None,
            "timelimit": [None, None],
            "origin": "buffrsign",
            "argsrepr": "(…)",
            "kwargsrepr": "(…)",
        }
        assert message.delivery_info == {"exchange": "", "routing_key": "email"}
        assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")
        assert message.properties["correlation_id"] == job.job_id


def test_a_stock_consumer_acknowledges_a_job(producer, kombu, client):
    producer.enqueue(Canary())

    with received(kombu, "maintenance") as message:
        assert client.hlen("unacked") == 1
        message.ack()

    assert client.hlen("unacked") == 0
    assert client.llen("maintenance") == 0


def test_a_stock_consumer_gives_a_job_back(producer, kombu, client):
    job = Canary()
    producer.enqueue(job)

    with received(kombu, "maintenance") as message:
        message.requeue()

    assert take(client).job_id == job.job_id


def test_stock_tools_count_and_purge_a_queue(producer, kombu, client):
    for _ in range(3):
        producer.enqueue(Canary())
    queue = KombuQueue("maintenance", Exchange(""), routing_key="maintenance", channel=kombu.default_channel)

    assert queue.queue_declare(passive=True).message_count == 3
    assert queue.purge() == 3
    assert client.llen("maintenance") == 0


def test_a_second_try_is_the_first_with_one_retry_more(producer, kombu, client, deliveries, schedule):
    job = Canary(note="hello")
    producer.enqueue(job)
    first = take(client)
    deliveries.begin(first)
    deliveries.retry(first, delay=timedelta(0), error="away")
    schedule.promote()

    with received(kombu, "maintenance") as message:
        assert message.payload == [[encode(job)], {}, FOLLOWS]
        assert (message.headers["id"], message.headers["retries"]) == (job.job_id, 1)


def test_a_stock_message_keeps_all_that_follows_it_over_a_second_try(kombu, client, deliveries, schedule):
    next_one = {"task": "maintenance.canary", "args": [{}], "kwargs": {}, "options": {"task_id": "next"}}
    follows = {"callbacks": [next_one], "errbacks": [next_one], "chain": [next_one], "chord": next_one}
    headers = {
        "lang": "py",
        "task": "maintenance.canary",
        "id": "11111111-2222-4333-8444-555555555555",
        "root_id": "root",
        "parent_id": "parent",
        "group": "group",
        "group_index": 3,
        "expires": "2030-01-01T00:00:00+00:00",
        "shadow": "a canary",
        "stamps": {"sender": ["stock"]},
        "retries": 4,
        "ignore_result": False,
    }
    body = [[{"note": "hello"}], {"late": True}, follows]
    publish(kombu, body, headers)
    first = take(client)
    deliveries.begin(first)
    deliveries.retry(first, delay=timedelta(0), error="away")
    schedule.promote()

    with received(kombu, "maintenance") as message:
        assert message.payload == body
        assert {name: message.headers[name] for name in headers} == {**headers, "retries": 5}


def test_arguments_that_only_stock_producers_send_survive_a_second_try(kombu, client, deliveries, schedule):
    body = [[{"half": "\ud800", "infinite": float("inf")}], {}, FOLLOWS]
    publish(kombu, body, {"task": "maintenance.canary", "id": Canary().job_id})
    first = take(client)
    deliveries.begin(first)
    deliveries.retry(first, delay=timedelta(0), error="away")
    schedule.promote()

    with received(kombu, "maintenance") as message:
        assert message.payload == body


def publish(kombu, body, headers):
    producer = kombu.Producer(exchange=Exchange(""), routing_key="maintenance")
    producer.publish(body, serializer="json", headers=headers)
