"""BullMQ on Node: one process, 50 jobs at once."""

from typing import TYPE_CHECKING, Any

from benchmarks.engine.engine import DRAINS, ENQUEUES, Engine, Home, Measure

if TYPE_CHECKING:
    from redis import Redis


def remaining(client: "Redis") -> int:
    """Waiting, delayed and active."""
    lists: list[Any] = [client.llen(f"bull:bench:{state}") for state in ("wait", "active", "paused")]
    delayed: Any = client.zcard("bull:bench:delayed")
    return sum(int(length) for length in lists) + int(delayed)


ENGINES = (
    Engine(
        name="bullmq",
        label="BullMQ, 1 process, 50 at once",
        family="bullmq",
        home=Home.NODE,
        side=("node", "benchmarks/engine/sides/bullmq.cjs"),
        workers=(("node", "benchmarks/engine/sides/bullmq.cjs", "work"),),
        remaining=remaining,
        guess=27_000,
        counts_at_once=False,
        measures=DRAINS
        | ENQUEUES
        | {Measure.DRAIN_OFF, Measure.DRAIN_ALWAYS, Measure.DRAIN_RESULTS, Measure.DRAIN_FAR}
        | {Measure.LATENCY, Measure.LATENESS, Measure.WEIGHT, Measure.IDLE},
    ),
)
