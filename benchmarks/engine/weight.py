"""What a job weighs in Redis, by the difference of `used_memory`, for each state that it can be in."""

import time
from dataclasses import dataclass
from typing import Any

from kombu import Connection

from benchmarks.engine.engine import Engine
from benchmarks.engine.homes import Place
from benchmarks.engine.stage import Stage, stage
from buffrsign.jobs import Queue

FAR_AWAY_S = 30 * 86_400.0
WARM_UP = 200
AT_REST_S = 0.3


@dataclass(frozen=True)
class Weight:
    """Bytes a job; None: the engine has no such state, or nobody outside can bring a job into it."""

    scheduled: float
    ready: float | None = None
    leased: float | None = None
    dead: float | None = None


def weigh(engine: Engine, place: Place, *, scheduled: int, others: int) -> Weight:
    """Weigh so many jobs in each state."""
    with stage(engine, place) as on:
        on.ask("later", WARM_UP, FAR_AWAY_S)
        each_scheduled = _grown(on, lambda: on.ask("later", scheduled, FAR_AWAY_S)) / scheduled
    with stage(engine, place) as on:
        on.ask("load", WARM_UP)
        each_ready = _grown(on, lambda: on.ask("load", others)) / others
        leased, dead = _taken(on, others) if engine.family in ("ours", "stock") else (None, None)
    return Weight(
        each_scheduled,
        each_ready,
        None if leased is None else each_ready + leased,
        None if leased is None or dead is None else each_ready + leased + dead,
    )


def _taken(on: Stage, count: int) -> tuple[float, float | None]:
    """By how much a job grows when it is taken; and when it is rejected then, where that keeps a dead letter."""
    ours = on.engine.is_ours
    transport = "buffrsign.broker.transport:Transport" if ours else None
    queue = Queue.MAINTENANCE.value if ours else "celery"
    with Connection(on.url, transport=transport) as connection:
        channel: Any = connection.channel()
        channel.basic_get(queue)
        messages: list[Any] = []
        leased = _grown(on, lambda: messages.extend(channel.basic_get(queue) for _ in range(count // 2)))
        rejected = None
        if ours:
            rejected = _grown(on, lambda: [channel.basic_reject(each.delivery_tag, requeue=False) for each in messages])
    return leased / (count // 2), None if rejected is None else rejected / (count // 2)


def _grown(on: Stage, change: Any) -> int:
    """By how many bytes the server has grown after this."""
    before = _at_rest(on)
    change()
    return _at_rest(on) - before


def _at_rest(on: Stage) -> int:
    """`used_memory` once the producer's connection is gone."""
    time.sleep(AT_REST_S)
    return on.redis.used_bytes()
