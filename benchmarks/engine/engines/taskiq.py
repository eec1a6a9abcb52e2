"""taskiq on Redis streams: two worker processes."""

from typing import TYPE_CHECKING, Any

from benchmarks.engine.engine import DRAINS, ENQUEUES, Engine, Home, Measure

if TYPE_CHECKING:
    from redis import Redis


def remaining(client: "Redis") -> int:
    """What its group has not read, and what it read and has not acknowledged."""
    if not client.exists("taskiq"):
        return 0
    groups: Any = client.xinfo_groups("taskiq")
    return sum(int(group["lag"] or 0) + int(group["pending"]) for group in groups)


ENGINES = (
    Engine(
        name="taskiq",
        label="taskiq, streams, 2 processes",
        family="taskiq",
        home=Home.PEERS,
        side=("python", "-m", "benchmarks.engine.sides.taskiq_side"),
        workers=(
            (
                *("taskiq", "worker", "benchmarks.engine.sides.taskiq_side:broker", "--workers", "2"),
                *("--ack-type", "when_executed", "--max-async-tasks", "100", "--log-level", "WARNING"),
            ),
        ),
        remaining=remaining,
        guess=8800,
        measures=DRAINS | ENQUEUES | {Measure.DRAIN_RESULTS},
    ),
)
