"""Personal data is in messages alone, and job keys leave a producer only as hashes under its secret."""

import json
from datetime import timedelta

import pytest

from buffrsign import EnqueueRefused, Producer
from buffrsign.broker import keys
from buffrsign.jobs.maintenance import Canary
from tests.support.jobs import ADDRESS, letter
from tests.support.records import whole

HOUR = timedelta(hours=1)


def test_personal_data_is_in_the_message_alone(producer, client):
    producer.enqueue(letter())
    delayed = producer.enqueue(letter(round=2), delay=HOUR)
    touched = producer.enqueue(letter(round=3), delay=HOUR)
    whole(client, touched.job_id)

    where = {place for key in client.scan_iter() for place, text in texts_in(client, key) if ADDRESS in text}

    assert where == {"email", "message", keys.record(delayed.job_id)}


def texts_in(client, key):
    """All names and values under one key, each with its place: the queue's name, or the field's."""
    name = key.decode()
    yield "name of a key", name
    match client.type(key):
        case b"string":
            yield name, client.get(key).decode(errors="replace")
        case b"hash":
            yield from ((field.decode(), in_clear(value)) for field, value in client.hgetall(key).items())
        case b"zset":
            yield from ((name, member.decode()) for member in client.zrange(key, 0, -1))
        case b"list":
            yield from ((name, in_clear(element)) for element in client.lrange(key, 0, -1))


def in_clear(value):
    """The value; of a message, what its body says."""
    text = value.decode()
    if not text.startswith('{"headers"'):
        return text
    envelope = json.loads(text)
    return str(envelope.pop("body")) + json.dumps(envelope)


def test_the_headers_that_tools_show_hide_the_payload(producer, client):
    producer.enqueue(letter())

    headers = json.loads(client.lindex("email", 0))["headers"]

    assert (headers["argsrepr"], headers["kwargsrepr"]) == ("(…)", "(…)")
    assert ADDRESS not in json.dumps(headers)


def test_a_producer_with_another_secret_is_refused(producer, broker, client):
    producer.enqueue(letter())
    stranger = Producer(broker.broker_url, key_secret="another secret of the tests")

    with pytest.raises(EnqueueRefused, match="give all producers the same BUFFRSIGN_JOB_KEY_SECRET"):
        stranger.enqueue(letter(round=2))
    stranger.close()

    assert client.llen("email") == 1


def test_a_job_without_a_key_needs_no_common_secret(producer, broker):
    producer.enqueue(letter())
    stranger = Producer(broker.broker_url, key_secret="another secret of the tests")

    assert not stranger.enqueue(Canary()).duplicate
    stranger.close()


@pytest.mark.parametrize("url", ["redis://broker.internal:6379/0", "rediss://10.0.0.7/0", "redis://:pw@example.com"])
@pytest.mark.parametrize("secret", [None, ""])
def test_a_broker_elsewhere_needs_a_key_secret(url, secret):
    with pytest.raises(EnqueueRefused, match=r"needs key_secret=.*BUFFRSIGN_JOB_KEY_SECRET"):
        Producer(url, key_secret=secret)


@pytest.mark.parametrize(
    "url", ["redis://localhost/0", "redis://127.0.0.1:1/0", "redis://[::1]/0", "unix:///run/redis"]
)
def test_a_broker_on_loopback_needs_no_key_secret(url):
    Producer(url).close()
