"""Ours: the full Celery path in two configurations, and the light path."""

from typing import TYPE_CHECKING, Any

from benchmarks.engine.engine import ENQUEUES, Engine, Home, Measure
from buffrsign.broker import keys
from buffrsign.jobs import Queue
from buffrsign.producer import Producer

if TYPE_CHECKING:
    from redis import Redis

QUEUE = Queue.MAINTENANCE.value
SIDE = ("python", "-m", "benchmarks.engine.sides.ours")
CELERY = (
    *("python", "-m", "workers.worker", "benchmarks.engine.sides.ours_app", "-Q", QUEUE, "--prefetch-multiplier", "64"),
    *("--without-mingle", "--without-gossip"),
)
LIGHT = tuple(part.replace("ours_app", "ours_light_app") for part in CELERY)
_ENQUEUES = ENQUEUES if hasattr(Producer, "enqueue_many") else frozenset({Measure.ENQUEUE})
_RUNNING = frozenset(set(Measure) - {Measure.WEIGHT, Measure.IDLE}) - ENQUEUES


def remaining(client: "Redis") -> int:
    """Ready, scheduled, and leased to anybody."""
    waiting: list[Any] = [client.llen(ready) for ready in keys.ready_lists(QUEUE)]
    scheduled: Any = client.zcard(keys.SCHEDULE)
    holders: Any = client.zrange(keys.HOLDERS, 0, -1)
    leased: list[Any] = [client.hlen(keys.holder(holder.decode())) for holder in holders]
    return sum(int(length) for length in (*waiting, scheduled, *leased))


def engines() -> tuple[Engine, ...]:
    """The engines of this release."""
    full = (
        _engine(
            "ours_prefork",
            "ours, full path, prefork 2",
            ((*CELERY, "--concurrency", "2", "-n", "one@%h"),),
            guess=1000,
            guess_far=300,
            measures=frozenset({Measure.DRAIN, Measure.REQUESTS, Measure.WEIGHT, Measure.IDLE}) | _ENQUEUES,
        ),
        _engine(
            "ours_solo",
            "ours, full path, 2 × solo",
            tuple((*CELERY, "--pool", "solo", "-n", f"{name}@%h") for name in ("one", "two")),
            guess=8000,
            guess_far=8000,
            measures=_RUNNING,
        ),
    )
    light = _engine(
        "ours_light",
        "ours, light path, 2 processes",
        tuple((*LIGHT, "--pool", "solo", "-n", f"{name}@%h") for name in ("one", "two")),
        guess=20_000,
        guess_far=20_000,
        measures=_RUNNING | {Measure.IDLE},
    )
    return (*full, light)


def _engine(
    name: str,
    label: str,
    workers: tuple[tuple[str, ...], ...],
    *,
    guess: int,
    guess_far: int,
    measures: frozenset[Measure],
) -> Engine:
    return Engine(
        name=name,
        label=label,
        family="ours",
        home=Home.OWN,
        side=SIDE,
        workers=workers,
        scheduler=("python", "-m", "workers.scheduler"),
        remaining=remaining,
        guess=guess,
        guess_far=guess_far,
        measures=measures,
        environment={"BUFFRSIGN_LOG_LEVEL": "WARNING"},
        is_ours=True,
    )
