from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from buffrsign.core.clock import to_epoch_ms
from buffrsign.state.document_status import STATUS_TTL, DocumentStatus, DocumentStatuses
from buffrsign.state.keys import DOCUMENT_CHANNEL_PREFIX, DOCUMENT_STATUS_PREFIX
from tests.support.clock import NOON
from tests.support.wait import wait_until

KEY = f"{DOCUMENT_STATUS_PREFIX}doc_7"


@pytest.fixture
def watcher(client: Redis) -> Iterator[PubSub]:
    """Watches document doc_7 from now on."""
    with client.pubsub() as watcher:
        watcher.subscribe(f"{DOCUMENT_CHANNEL_PREFIX}doc_7")
        wait_until(lambda: watcher.get_message(timeout=1), "the subscription to begin")
        yield watcher


def next_update(watcher: PubSub) -> DocumentStatus:
    """The next status that the watcher is told."""
    message = wait_until(lambda: watcher.get_message(timeout=1), "an update")
    return msgspec.json.decode(message["data"], type=DocumentStatus)


def test_the_last_status_is_found_again_as_it_was_published(statuses, clock):
    statuses.publish("doc_7", state="processing", step="inspect", progress=10)
    clock.advance(timedelta(seconds=3))
    last = statuses.publish("doc_7", state="held", step="compliance", progress=100, reason="failed: ETA-48-a")

    assert statuses.find("doc_7") == last
    assert last == DocumentStatus(
        document_id="doc_7",
        state="held",
        step="compliance",
        progress=100,
        reason="failed: ETA-48-a",
        updated_at_ms=to_epoch_ms(NOON) + 3000,
    )


def test_a_document_of_which_nothing_was_published_has_no_status(statuses):
    statuses.publish("doc_8", state="ready", step="compliance", progress=100)

    assert statuses.find("doc_7") is None


def test_a_status_is_kept_for_30_days_after_its_last_change(statuses, client):
    statuses.publish("doc_7", state="processing", step="inspect", progress=10)
    client.expire(KEY, 5)

    statuses.publish("doc_7", state="ready", step="compliance", progress=100)

    assert timedelta(days=30) == STATUS_TTL
    assert STATUS_TTL - timedelta(seconds=10) < timedelta(seconds=client.ttl(KEY)) <= STATUS_TTL
    assert list(client.scan_iter()) == [KEY.encode()]


def test_whoever_watches_a_document_is_told_every_status_in_order(statuses, watcher):
    published = [
        statuses.publish("doc_7", state="processing", step="inspect", progress=progress) for progress in (10, 40, 70)
    ]

    assert [next_update(watcher) for _ in published] == published


def test_whoever_is_told_of_a_status_finds_it(statuses, watcher):
    statuses.publish("doc_7", state="ready", step="compliance", progress=100)

    assert next_update(watcher) == statuses.find("doc_7")


def test_whoever_watches_a_document_is_not_told_of_others(statuses, watcher):
    statuses.publish("doc_70", state="ready", step="compliance", progress=100)
    statuses.publish("doc_7", state="held", step="compliance", progress=100)

    assert next_update(watcher).document_id == "doc_7"


def test_a_status_that_cannot_be_published_is_an_error_because_people_would_wait_for_it(nobody, clock):
    with pytest.raises(RedisError):
        DocumentStatuses(nobody, clock=clock).publish("doc_7", state="ready", step="compliance", progress=100)
