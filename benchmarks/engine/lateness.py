"""How late jobs begin: after they were enqueued, at a gentle pace, and after their time, when many are due at once."""

import statistics
from collections.abc import Sequence

from benchmarks.engine.engine import Engine
from benchmarks.engine.homes import Place
from benchmarks.engine.stage import Stage, Void, stage

PACE_PER_S = 25
LEAD_S = 8.0
LEAST_LEFT_S = 0.5


def after_enqueueing(engine: Engine, place: Place, count: int) -> list[float]:
    """Milliseconds from right before `enqueue` to the first line of the task, at 25 jobs a second."""
    with stage(engine, place) as on:
        on.start_workers()
        on.warm_up()
        on.ask("pace", count, PACE_PER_S)
        return _all(on, count)


def after_their_time(engine: Engine, place: Place, count: int) -> list[float]:
    """Milliseconds after the one moment at which all were due, in the order in which they began."""
    with stage(engine, place) as on:
        on.start_workers()
        on.start_scheduler()
        on.warm_up()
        left_s = on.ask("later", count, LEAD_S)["left_s"]
        if left_s < LEAST_LEFT_S:
            raise Void(f"enqueueing took until {left_s:.1f} s before the jobs were due")
        return _all(on, count)


def percentile(samples: Sequence[float], percent: int) -> float:
    """The value that so many per cent of the samples do not exceed."""
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def _all(on: Stage, count: int) -> list[float]:
    on.wait(lambda: len(on.lateness_ms()) >= count, "all jobs to begin", timeout_s=120)
    found = on.lateness_ms()
    if len(found) != count:
        raise Void(f"{len(found)} jobs of {count} began")
    return found
