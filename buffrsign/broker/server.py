"""What a Redis-protocol server must be before jobs are trusted to it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from redis import Redis

OLDEST_VERSION = (7, 0)
NEVER_EVICTS = "noeviction"


class ServerUnfit(Permanent):
    """The server would lose jobs. The message says what to change."""


@dataclass(frozen=True)
class ServerFacts:
    """What the server says of itself. `version` is that of the Redis protocol it speaks."""

    version: tuple[int, ...]
    eviction: str
    is_append_only: bool


def read_facts(client: "Redis") -> ServerFacts:
    """Ask the server; costs one INFO."""
    info: Any = client.info()
    return ServerFacts(
        version=tuple(int(part) for part in str(info["redis_version"]).split(".")[:2]),
        eviction=str(info.get("maxmemory_policy", NEVER_EVICTS)),
        is_append_only=bool(info.get("aof_enabled", 0)),
    )


def require_fit(facts: ServerFacts, *, server: str = "broker") -> None:
    """Refuse a server that evicts keys or is too old; `server` is what the sentence calls it.

    Raises:
        ServerUnfit: with what to change.
    """
    if facts.version < OLDEST_VERSION:
        found = ".".join(map(str, facts.version))
        raise ServerUnfit(f"the {server} is Redis {found}; use Redis 7.0 or newer, or Valkey")
    if facts.eviction != NEVER_EVICTS:
        raise ServerUnfit(
            f"the {server} evicts keys when memory is short (maxmemory-policy {facts.eviction}), which loses what "
            f"it holds; set maxmemory-policy {NEVER_EVICTS}, or use another server"
        )
