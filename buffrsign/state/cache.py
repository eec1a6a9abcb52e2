"""A cache whose entries always expire, and whose writers have a version: new code never reads what old code wrote."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from redis.exceptions import RedisError

from buffrsign.core.logs import get_logger
from buffrsign.state.keys import CACHE_PREFIX

if TYPE_CHECKING:
    from redis import Redis

SCAN_BATCH = 500
log = get_logger(__name__)

NEVER_EXPIRES = -1  # Redis's TTL of a key without one


class Namespace(msgspec.Struct, frozen=True):
    """One kind of entry. Raise `version` when the meaning of its values changes."""

    name: str
    version: int
    ttl: timedelta


class Cache:
    """Entries on the cache server. Losing them is slow and nothing else, so a server that is away is an empty cache."""

    def __init__(self, client: "Redis") -> None:
        self._client = client

    def get(self, namespace: Namespace, name: str) -> Any | None:
        """The value, or None when there is none."""
        try:
            answer: Any = self._client.get(_key(namespace, name))
        except RedisError as error:
            log.warning("cache not read", namespace=namespace.name, error_type=type(error).__name__)
            return None
        try:
            return None if answer is None else msgspec.json.decode(answer)
        except msgspec.DecodeError:
            return None  # nobody's entry: the next `put` replaces it

    def put(self, namespace: Namespace, name: str, value: object) -> None:
        """Keep a JSON value for the namespace's time."""
        try:
            self._client.set(_key(namespace, name), msgspec.json.encode(value), ex=namespace.ttl)
        except RedisError as error:
            log.warning("cache not written", namespace=namespace.name, error_type=type(error).__name__)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def clean(self, current: list[Namespace]) -> int:
        """Delete entries of no current namespace and version, and any without an expiry; how many there were.

        Walks the keys in batches; other commands run in between.
        """
        live = tuple(f"{CACHE_PREFIX}{namespace.name}:{namespace.version}:".encode() for namespace in current)
        deleted = 0
        for key in self._client.scan_iter(match=f"{CACHE_PREFIX}*", count=SCAN_BATCH):
            if not key.startswith(live) or self._client.ttl(key) == NEVER_EXPIRES:
                deleted += int(self._client.delete(key))
        return deleted


def _key(namespace: Namespace, name: str) -> str:
    return f"{CACHE_PREFIX}{namespace.name}:{namespace.version}:{name}"
