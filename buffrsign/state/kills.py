"""How many readers each file has killed, for all workers: a file that does it again and again is read no more."""

from datetime import timedelta
from typing import TYPE_CHECKING

from buffrsign.state.keys import DOCUMENT_KILLS_PREFIX

if TYPE_CHECKING:
    from redis import Redis

REMEMBERED = timedelta(days=30)
"""After a file's last kill. Then another release may read it, and it has three more."""


class Kills:
    """Counts on the state server, by the SHA-256 of the file."""

    def __init__(self, client: "Redis") -> None:
        self._client = client

    def of(self, sha256: str) -> int:
        """How many so far."""
        return int(self._client.get(DOCUMENT_KILLS_PREFIX + sha256) or 0)

    def add(self, sha256: str) -> int:
        """Count one more, and return how many that makes."""
        key = DOCUMENT_KILLS_PREFIX + sha256
        with self._client.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, REMEMBERED)
            [kills, _] = pipe.execute()
        return int(kills)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()
