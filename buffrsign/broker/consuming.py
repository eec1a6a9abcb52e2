"""The holder of this process, which outlives its connections; and what Celery does with what it was given."""

import atexit
import os
import sys
from datetime import timedelta
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from buffrsign.broker.leases import Holder

HOLDER_ID = "WORKER_HOLDER"
"""In the environment: the id of the first holder of a process, so that its supervisor can say that it is gone."""

_TIMEOUT_S = 10

_holders: dict[tuple[object, ...], Holder] = {}
os.register_at_fork(after_in_child=_holders.clear)


def holder_of(channel: Any, *, lease: timedelta) -> Holder:
    """The one holder that this process has on the channel's broker. A child of it has none of its parent's."""
    known = channel.holder_address
    if known is None:
        address = channel.connection.client
        known = (address.hostname, address.port, address.virtual_host, address.userid, tuple(address.alt or ()))
        channel.holder_address = known
    if known not in _holders:
        _holders[known] = Holder(_client(channel, lease), lease=lease, holder_id=os.environ.pop(HOLDER_ID, ""))
        atexit.register(_leave, known, os.getpid())
    return _holders[known]


def holder_with(lease: str) -> Holder | None:
    """The holder of this process that was given this lease; None in a child of it, and where leases are unknown."""
    holder_id = lease.partition(".")[0]
    for holder in _holders.values():
        if holder.id == holder_id:
            return holder
    return None


def running_leases() -> set[str]:
    """The leases whose tasks Celery's pool has accepted. Empty where no worker is loaded."""
    state: Any = sys.modules.get("celery.worker.state")
    return {request.message.delivery_tag for request in tuple(state.active_requests)} if state else set()


def celery_is_stopping() -> bool:
    """Whether the worker was told to stop: what it has not started goes back then."""
    state: Any = sys.modules.get("celery.worker.state")
    return state is not None and not {state.should_stop, state.should_terminate} <= {None, False}


def leave_all() -> None:
    """Give back everything that this process holds, what it runs included. It must end now."""
    for address in tuple(_holders):
        _leave(address, os.getpid())


def _client(channel: Any, lease: timedelta) -> Redis:
    """A client of its own, on the address that the channel has: it goes on while the channel's are closed."""
    pool = channel._get_pool()  # noqa: SLF001 - kombu's own; the contract test holds it
    timeout_s = min(_TIMEOUT_S, lease.total_seconds() / 3)
    pool.connection_kwargs.update(
        socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
    )
    return Redis(connection_pool=pool)


def _leave(address: tuple[object, ...], pid: int) -> None:
    if os.getpid() == pid and address in _holders:
        _holders.pop(address).leave()
