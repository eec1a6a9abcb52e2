"""dramatiq on Redis: two processes, prefetch 500."""

from typing import TYPE_CHECKING, Any

from benchmarks.engine.engine import DRAINS, Engine, Home, Measure

if TYPE_CHECKING:
    from redis import Redis


def remaining(client: "Redis") -> int:
    """Messages whose bodies are kept: those of a queue go when they are acknowledged, and so do delayed ones."""
    ready: Any = client.hlen("dramatiq:default.msgs")
    delayed: Any = client.hlen("dramatiq:default.DQ.msgs")
    return int(ready) + int(delayed)


ENGINES = (
    Engine(
        name="dramatiq",
        label="dramatiq, 2 processes",
        family="dramatiq",
        home=Home.PEERS,
        side=("python", "-m", "benchmarks.engine.sides.dramatiq_side"),
        workers=(("dramatiq", "benchmarks.engine.sides.dramatiq_side", "--processes", "2", "--threads", "8"),),
        remaining=remaining,
        guess=14_000,
        environment={"dramatiq_queue_prefetch": "500"},
        measures=DRAINS | {Measure.ENQUEUE, Measure.LATENESS, Measure.WEIGHT},
    ),
)
