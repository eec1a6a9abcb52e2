"""Clients of a Redis-protocol server: bounded waits, and no command repeated by itself, since some count.

redis-py is imported inside: it takes 100 ms, and a service that imports a contract need not pay that.
"""
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING, Any

from buffrsign.broker.address import as_settings, read_address, sentinel_settings
from buffrsign.core.logs import get_logger

if TYPE_CHECKING:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 5
SENTINEL_TIMEOUT_S = 2

log = get_logger(__name__)


def connect(url: str) -> "Redis":
    """A client of the server at this address; see `address.py`. Nothing is sent yet.

    Behind sentinels it finds the primary at each new connection, and so follows a fail-over. A `unix://` path is
    taken too.

    Raises:
        AddressRefused: the URL names no server.
    """
    from redis import Redis
    from redis.retry import Retry
    from redis.sentinel import Sentinel

    client: Redis = _connect(url, Redis, Retry, Sentinel)
    return client


def connect_async(url: str) -> "AsyncRedis":
    """As `connect`, for asyncio."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.asyncio.sentinel import Sentinel

    client: AsyncRedis = _connect(url, Redis, Retry, Sentinel)
    return client


def is_on_loopback(url: str) -> bool:
    """Whether only this machine can be at the other end.

    Raises:
        AddressRefused: the URL names no server.
    """
    return _is_socket(url) or read_address(url).is_loopback


def _is_socket(url: str) -> bool:
    return url.startswith("unix://")


def _connect(url: str, client: Any, retry: Any, sentinel: Any) -> Any:
    """A client of these classes of redis-py's, which has each of them twice."""
    from redis.backoff import NoBackoff

    bounds: dict[str, Any] = {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "health_check_interval": 30,
        "retry": retry(NoBackoff(), 0),
    }
    if _is_socket(url):
        return client.from_url(url, **bounds)
    address = read_address(url)
    if not address.checks_certificates:
        log.warning("the server's certificate is not checked, the address says so", host=address.hosts[0][0])
    if address.is_sentinel:
        asked = sentinel_settings(address, timeout_s=SENTINEL_TIMEOUT_S)
        sentinels = sentinel(list(address.hosts), sentinel_kwargs=asked)
        return sentinels.master_for(address.master_name, **as_settings(address), **bounds)
    [(host, port)] = address.hosts
    return client(host=host, port=port, **as_settings(address), **bounds)
