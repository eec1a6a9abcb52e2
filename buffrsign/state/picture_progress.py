"""How many pages of a document have their pictures: kept for a reload, and published as they are drawn.

Not part of the document's status, because it goes on after the document is ready, and would overwrite that.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.core.clock import Clock, to_epoch_ms
from buffrsign.state.keys import PICTURE_CHANNEL_PREFIX, PICTURE_PROGRESS_PREFIX

if TYPE_CHECKING:
    from redis import Redis

PROGRESS_TTL = timedelta(days=30)


class PictureProgress(msgspec.Struct, frozen=True):
    """Of the latest version, `sha256`: `drawn` pages have pictures, `undrawn` have a reason instead, of `pages`."""

    document_id: str
    sha256: str
    drawn: int
    undrawn: int
    pages: int
    updated_at_ms: int


class PictureProgresses:
    """Progress on the state server."""

    def __init__(self, client: "Redis", *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def publish(self, document_id: str, *, sha256: str, drawn: int, undrawn: int, pages: int) -> PictureProgress:
        """Keep it and tell every watcher, in one transaction."""
        progress = PictureProgress(
            document_id=document_id,
            sha256=sha256,
            drawn=drawn,
            undrawn=undrawn,
            pages=pages,
            updated_at_ms=to_epoch_ms(self._clock()),
        )
        with self._client.pipeline(transaction=True) as pipe:
            pipe.set(PICTURE_PROGRESS_PREFIX + document_id, msgspec.json.encode(progress), ex=PROGRESS_TTL)
            pipe.publish(PICTURE_CHANNEL_PREFIX + document_id, msgspec.json.encode(progress))
            pipe.execute()
        return progress

    def find(self, document_id: str) -> PictureProgress | None:
        """What was published last, or None."""
        answer: Any = self._client.get(PICTURE_PROGRESS_PREFIX + document_id)
        return None if answer is None else msgspec.json.decode(answer, type=PictureProgress)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()
