"""Stock Celery 5.7 on kombu's Redis transport, in its two best configurations."""

from typing import TYPE_CHECKING, Any

from benchmarks.engine.engine import ENQUEUES, Engine, Home, Measure

if TYPE_CHECKING:
    from redis import Redis

WORKER = (
    *("celery", "-A", "benchmarks.engine.sides.stock_app", "worker", "--loglevel", "WARNING"),
    *("--without-mingle", "--without-gossip", "--without-heartbeat"),
)
SIDE = ("python", "-m", "benchmarks.engine.sides.stock")
_COMMON = frozenset(
    {
        *(Measure.DRAIN, Measure.DRAIN_OFF, Measure.DRAIN_ALWAYS, Measure.DRAIN_RESULTS, Measure.DRAIN_FAR),
        *(Measure.LATENCY, Measure.REQUESTS),
    }
)


def remaining(client: "Redis") -> int:
    """Ready, and taken but not acknowledged."""
    ready: Any = client.llen("celery")
    taken: Any = client.hlen("unacked")
    return int(ready) + int(taken)


# Its solo pool starts jobs that are due at some 30 a second here, so only prefork is asked for their lateness.
ENGINES = (
    Engine(
        name="stock_prefork",
        label="stock Celery, prefork 2",
        family="stock",
        home=Home.PEERS,
        side=SIDE,
        workers=((*WORKER, "--concurrency", "2", "-n", "one@%h"),),
        remaining=remaining,
        guess=1400,
        guess_far=180,
        measures=frozenset({Measure.DRAIN, Measure.REQUESTS, Measure.IDLE, Measure.LATENESS, Measure.WEIGHT})
        | ENQUEUES,
    ),
    Engine(
        name="stock_solo",
        label="stock Celery, 2 × solo",
        family="stock",
        home=Home.PEERS,
        side=SIDE,
        workers=tuple((*WORKER, "--pool", "solo", "-n", f"{name}@%h") for name in ("one", "two")),
        remaining=remaining,
        guess=3400,
        guess_far=360,
        measures=_COMMON,
    ),
)
