"""Queues that give out no jobs for now. What workers have already goes on, and jobs are accepted as ever.

A pause is kept in the broker: it outlives every worker, and the broker's own restart.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from buffrsign.broker import keys
from buffrsign.broker.scripts import script
from buffrsign.core.clock import Clock, from_epoch_ms, to_epoch_ms, utc_now

if TYPE_CHECKING:
    from redis import Redis


def pause(client: "Redis", queues: Iterable[str], *, clock: Clock = utc_now) -> None:
    """Let these queues give out nothing. One that is paused already stays so, since then."""
    now_ms = to_epoch_ms(clock())
    with client.pipeline() as pipe:
        for queue in queues:
            pipe.hsetnx(keys.PAUSED, queue, str(now_ms))
        pipe.execute()


def resume(client: "Redis", queues: Iterable[str]) -> None:
    """Let these queues give out jobs again; idle workers are woken."""
    names = list(queues)
    if names:
        client.hdel(keys.PAUSED, *names)
        script(client, "wake")(args=names)


def paused_since(client: "Redis") -> dict[str, datetime]:
    """Since when each paused queue is paused."""
    answer: Any = client.hgetall(keys.PAUSED)
    return {queue.decode(): from_epoch_ms(int(ms)) for queue, ms in sorted(answer.items())}
