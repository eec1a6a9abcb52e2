from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import RedisError

from buffrsign.producer import connect
from buffrsign.state.cache import Cache, Namespace
from buffrsign.state.keys import CACHE_PREFIX
from tests.support.broker import TestBroker

FILES = Namespace("files", version=1, ttl=timedelta(hours=2))
OTHERS = Namespace("others", version=1, ttl=timedelta(hours=2))
FILES_LATER = Namespace("files", version=2, ttl=timedelta(hours=2))


@pytest.fixture
def client(broker: TestBroker) -> Iterator[Redis]:
    client = connect(broker.cache_url)
    yield client
    client.close()


@pytest.fixture
def cache(client: Redis) -> Cache:
    return Cache(client)


@pytest.mark.parametrize(
    "value",
    [
        {"readable": True, "pages": 3, "sizes": [{"width_pt": 595.28}], "claims": None, "title": "Ohangwena é ✓"},
        [],
        {},
        "text",
        0,
        False,
        2**53 - 1,
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_went_in(cache, value):
    cache.put(FILES, "a", value)

    assert cache.get(FILES, "a") == value


def test_what_nobody_put_is_not_there(cache):
    assert cache.get(FILES, "a") is None


def test_what_is_no_json_is_not_there(cache, client):
    client.set(f"{CACHE_PREFIX}files:1:broken", b"\x80 no JSON", ex=60)

    assert cache.get(FILES, "broken") is None


def test_the_value_that_was_put_last_counts(cache):
    cache.put(FILES, "a", 1)
    cache.put(FILES, "a", 2)

    assert cache.get(FILES, "a") == 2


def test_an_entry_expires_as_its_namespace_says(cache, client):
    cache.put(FILES, "a", 1)

    [key] = client.scan_iter()
    assert key == f"{CACHE_PREFIX}files:1:a".encode()
    assert timedelta(hours=2, seconds=-10) < timedelta(seconds=client.ttl(key)) <= timedelta(hours=2)


def test_an_entry_that_is_put_again_lives_its_whole_time(cache, client):
    cache.put(FILES, "a", 1)
    client.expire(f"{CACHE_PREFIX}files:1:a", 5)

    cache.put(FILES, "a", 1)

    assert client.ttl(f"{CACHE_PREFIX}files:1:a") > 5


@pytest.mark.parametrize("reader", [OTHERS, FILES_LATER], ids=["another namespace", "a later version"])
def test_nobody_reads_what_another_namespace_or_an_older_version_wrote(cache, reader):
    cache.put(FILES, "a", 1)

    assert cache.get(reader, "a") is None


def test_a_server_that_is_away_is_an_empty_cache_and_a_warning(nobody, caplog):
    cache = Cache(nobody)

    cache.put(FILES, "a", {"pages": 3})

    assert cache.get(FILES, "a") is None
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "cache not written"),
        ("WARNING", "cache not read"),
    ]
    assert [record.fields for record in caplog.records] == [
        {"namespace": "files", "error_type": "ConnectionError"},
    ] * 2


def test_a_cache_that_cannot_be_cleaned_says_so(nobody):
    with pytest.raises(RedisError):
        Cache(nobody).clean([FILES])


def test_cleaning_drops_old_versions_and_entries_without_an_expiry_and_keeps_the_rest(cache, client):
    for namespace in (FILES, FILES_LATER, OTHERS):
        cache.put(namespace, "a", 1)
    client.set(f"{CACHE_PREFIX}files:2:for_ever", "1")

    dropped = cache.clean([FILES_LATER, OTHERS])

    assert dropped == 2
    assert sorted(client.scan_iter()) == [f"{CACHE_PREFIX}{name}".encode() for name in ("files:2:a", "others:1:a")]
