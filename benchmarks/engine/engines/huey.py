"""huey on Redis: two processes. It keeps no job while it runs, so it is no equal; its figures are shown beside."""

from typing import TYPE_CHECKING, Any

from benchmarks.engine.engine import DRAINS, Engine, Home, Measure

if TYPE_CHECKING:
    from redis import Redis


def remaining(client: "Redis") -> int:
    """What waits; it does not say what it has taken."""
    ready: Any = client.llen("huey.redis.bench")
    return int(ready)


ENGINES = (
    Engine(
        name="huey",
        label="huey, 2 processes (keeps no job while it runs)",
        family="huey",
        home=Home.PEERS,
        side=("python", "-m", "benchmarks.engine.sides.huey_side"),
        workers=(
            (
                *("huey_consumer", "benchmarks.engine.sides.huey_side.queue", "--workers", "2"),
                *("--worker-type", "process", "--no-periodic", "--quiet"),
            ),
        ),
        remaining=remaining,
        guess=7000,
        measures=DRAINS | {Measure.ENQUEUE, Measure.LATENCY, Measure.WEIGHT},
        note="a job is off its list before it runs: a dead worker's job is lost",
    ),
)
