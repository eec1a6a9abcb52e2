"""The status of each document: kept for a reload, and published to whoever watches at the moment it changes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.core.clock import Clock, to_epoch_ms
from buffrsign.state.keys import DOCUMENT_CHANNEL_PREFIX, DOCUMENT_STATUS_PREFIX

if TYPE_CHECKING:
    from redis import Redis

STATUS_TTL = timedelta(days=30)


class DocumentStatus(msgspec.Struct, frozen=True):
    """What a person sees. `progress` is a percentage of the steps on the way to `ready`; `reason` explains `held`."""

    document_id: str
    state: str
    step: str
    progress: int
    reason: str
    updated_at_ms: int


class DocumentStatuses:
    """Statuses on the state server."""

    def __init__(self, client: "Redis", *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def publish(self, document_id: str, *, state: str, step: str, progress: int, reason: str = "") -> DocumentStatus:
        """Keep the status and tell every watcher, in one transaction."""
        status = DocumentStatus(
            document_id=document_id,
            state=state,
            step=step,
            progress=progress,
            reason=reason,
            updated_at_ms=to_epoch_ms(self._clock()),
        )
        key = DOCUMENT_STATUS_PREFIX + document_id
        with self._client.pipeline(transaction=True) as pipe:
            pipe.set(key, msgspec.json.encode(status), ex=STATUS_TTL)
            pipe.publish(DOCUMENT_CHANNEL_PREFIX + document_id, msgspec.json.encode(status))
            pipe.execute()
        return status

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def find(self, document_id: str) -> DocumentStatus | None:
        """The last published status, or None."""
        answer: Any = self._client.get(DOCUMENT_STATUS_PREFIX + document_id)
        return None if answer is None else msgspec.json.decode(answer, type=DocumentStatus)
