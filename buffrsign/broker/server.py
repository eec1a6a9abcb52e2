"""What a Redis-protocol server must be before jobs are trusted to it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from redis import Redis

OLDEST_VERSION = (7, 0)
NEVER_EVICTS = "noeviction"
ALLOW_VOLATILE = "BUFFRSIGN_ALLOW_VOLATILE_BROKER=1"


class ServerUnfit(Permanent):
    """The server would lose jobs, or takes none. The message says what to change."""


class VolatileServer(ServerUnfit):
    """The server would lose what it holds. Whoever knows that and wants it may say so."""


@dataclass(frozen=True)
class ServerFacts:
    """What the server says of itself. `version` is that of the Redis protocol it speaks.

    `takes_snapshots` is None when the account may not ask.
    """

    version: tuple[int, ...]
    eviction: str
    is_append_only: bool
    takes_snapshots: bool | None = None
    is_read_only: bool = False
    is_cluster: bool = False


def read_facts(client: "Redis", *, server: str = "broker") -> ServerFacts:
    """Ask the server, which errors call `server`; costs one INFO and one CONFIG GET.

    Raises:
        ServerUnfit: it does not let this account in, or does not let it ask.
        RedisError: it did not answer.
    """
    from redis.exceptions import AuthenticationError, NoPermissionError  # noqa: PLC0415 - see `connection.py`

    try:
        info: Any = client.info()
    except AuthenticationError as error:
        raise ServerUnfit(
            f"the {server} does not let this account in; check the user name and the password in its URL"
        ) from error
    except NoPermissionError as error:
        raise ServerUnfit(
            f"the account at the {server} may not run INFO, which a worker needs; allow it, as in ACL SETUSER … +info"
        ) from error
    return ServerFacts(
        version=tuple(int(part) for part in str(info["redis_version"]).split(".")[:2]),
        eviction=str(info.get("maxmemory_policy", NEVER_EVICTS)),
        is_append_only=bool(info.get("aof_enabled", 0)),
        takes_snapshots=_takes_snapshots(client),
        is_cluster=info.get("redis_mode") == "cluster",
        is_read_only=info.get("role") == "slave" and bool(info.get("slave_read_only", 1)),
    )


def require_fit(facts: ServerFacts, *, server: str = "broker") -> None:
    """Refuse a server that is too old, takes no writes, evicts keys, or keeps nothing on disk.

    `server` is what the sentence calls it.

    Raises:
        VolatileServer: it would lose what it holds.
        ServerUnfit: it cannot be used at all. Both say what to change.
    """
    if facts.version < OLDEST_VERSION:
        found = ".".join(map(str, facts.version))
        raise ServerUnfit(f"the {server} is Redis {found}; use Redis 7.0 or newer, or Valkey")
    if facts.is_cluster:
        raise ServerUnfit(f"the {server} is a Redis Cluster, whose nodes share no script; use one server, or sentinels")
    if facts.is_read_only:
        raise ServerUnfit(
            f"the {server} is a read-only replica; use the address of its primary, or a sentinel:// URL that finds it"
        )
    if facts.eviction != NEVER_EVICTS:
        raise VolatileServer(
            f"the {server} evicts keys when memory is short (maxmemory-policy {facts.eviction}), which loses what "
            f"it holds; set maxmemory-policy {NEVER_EVICTS}, or use another server, or say {ALLOW_VOLATILE}"
        )
    if not facts.is_append_only and facts.takes_snapshots is False:
        raise VolatileServer(
            f"the {server} keeps nothing on disk, so that its restart loses what it holds; set appendonly yes, or use "
            f"another server, or say {ALLOW_VOLATILE}"
        )


def _takes_snapshots(client: "Redis") -> bool | None:
    from redis.exceptions import ResponseError  # noqa: PLC0415 - see `connection.py`

    try:
        answer: Any = client.config_get("save")
    except ResponseError:
        return None  # providers often keep CONFIG to themselves
    return bool(answer.get("save", "").strip()) if answer else None
