from datetime import timedelta

import msgspec
import pytest
from redis import Redis

from buffrsign.core.clock import to_epoch_ms
from buffrsign.state.keys import PICTURE_CHANNEL_PREFIX, PICTURE_PROGRESS_PREFIX
from buffrsign.state.picture_progress import PROGRESS_TTL, PictureProgress, PictureProgresses
from tests.support.clock import NOON, StoppedClock
from tests.support.wait import wait_until

SHA256 = "ab" * 32


@pytest.fixture
def progresses(client: Redis) -> PictureProgresses:
    return PictureProgresses(client, clock=StoppedClock())


def test_the_last_progress_is_found_again_until_it_expires(progresses, client):
    progresses.publish("doc_7", sha256=SHA256, drawn=1, undrawn=0, pages=9)
    last = progresses.publish("doc_7", sha256=SHA256, drawn=7, undrawn=1, pages=9)

    life = timedelta(seconds=client.ttl(f"{PICTURE_PROGRESS_PREFIX}doc_7"))
    assert progresses.find("doc_7") == last
    assert last == PictureProgress(
        document_id="doc_7", sha256=SHA256, drawn=7, undrawn=1, pages=9, updated_at_ms=to_epoch_ms(NOON)
    )
    assert PROGRESS_TTL - timedelta(minutes=1) < life <= PROGRESS_TTL


def test_a_document_without_pictures_has_no_progress(progresses):
    assert progresses.find("doc_8") is None


def test_whoever_watches_is_told(progresses, client):
    with client.pubsub() as watcher:
        watcher.subscribe(f"{PICTURE_CHANNEL_PREFIX}doc_7")
        wait_until(lambda: watcher.get_message(timeout=1), "the subscription to begin")

        published = progresses.publish("doc_7", sha256=SHA256, drawn=1, undrawn=0, pages=1)

        message = wait_until(lambda: watcher.get_message(timeout=1), "the progress")
        assert msgspec.json.decode(message["data"], type=PictureProgress) == published
