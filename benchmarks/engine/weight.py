"""What a job weighs in Redis, by the difference of `used_memory`, for each state that it can be in."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.engine.engine import Engine
from benchmarks.engine.homes import Place
from benchmarks.engine.stage import Stage, stage

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
        grows = on.ask("take", others // 2) if engine.family in ("ours", "stock") else {}
    leased = each_ready + grows["leased"] if "leased" in grows else None
    dead = leased + grows["dead"] if leased is not None and "dead" in grows else None
    return Weight(each_scheduled, each_ready, leased, dead)


def _grown(on: Stage, change: Callable[[], object]) -> float:
    """By how many bytes the server has grown after this."""
    before = _at_rest(on)
    change()
    return _at_rest(on) - before


def _at_rest(on: Stage) -> float:
    """`used_memory` once the producer's connection is gone."""
    time.sleep(AT_REST_S)
    return on.redis.used_bytes()
