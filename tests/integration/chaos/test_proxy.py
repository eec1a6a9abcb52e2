"""The chaos run's proxy: what it carries arrives, and it can be slow, cut everything, or go deaf."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tests.chaos.proxy import Proxy
from tests.support.broker import TestBroker
from tests.support.wait import wait_until


@pytest.fixture
def proxy(broker: TestBroker) -> Iterator[Proxy]:
    with Proxy(urlsplit(broker.broker_url).port or 0) as proxy:
        yield proxy


@pytest.fixture
def through(broker: TestBroker, proxy: Proxy) -> Iterator[Redis]:
    """A client of the broker, by way of the proxy, that tries everything once."""
    url = urlsplit(broker.broker_url)
    with Redis(
        port=proxy.port, password=url.password, socket_timeout=0.5, retry=Retry(NoBackoff(), 0), db=int(url.path[1:])
    ) as client:
        yield client


def test_much_data_arrives_whole(through: Redis):
    data = bytes(range(256)) * 4096

    through.set("celery-task-meta-large", data)

    assert through.get("celery-task-meta-large") == data


def test_slow_means_slow_each_way(through: Redis, proxy: Proxy):
    through.ping()
    proxy.latency_s = (0.05, 0.05)

    started = time.monotonic()
    through.ping()

    assert 0.1 <= time.monotonic() - started < 0.5


def test_cutting_ends_every_connection_and_new_ones_work(through: Redis, proxy: Proxy):
    before = through.client_id()

    assert proxy.cut() == 1

    assert through.client_id() != before


def test_a_deaf_connection_stays_open_and_carries_nothing(through: Redis, proxy: Proxy):
    through.ping()

    assert proxy.deafen(1.0) == 1

    with pytest.raises(RedisTimeoutError):
        through.ping()
    wait_until(lambda: proxy.deaf == 0, "the client to give its connection up")
    assert through.ping()


def test_a_target_that_is_not_there_ends_the_connection(through: Redis, proxy: Proxy):
    proxy.target_port = 1

    with pytest.raises(RedisConnectionError):
        through.ping()
