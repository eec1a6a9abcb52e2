"""How fast a producer enqueues: one by one on one connection, and in bulk."""

from benchmarks.engine.engine import Broker, Engine
from benchmarks.engine.homes import Place
from benchmarks.engine.sides.side import WARM_UP
from benchmarks.engine.stage import Void, stage


def one_by_one(engine: Engine, place: Place, count: int) -> float:
    """Jobs a second, each answered before the next is sent."""
    return _jobs_per_s(engine, place, "each", count)


def in_bulk(engine: Engine, place: Place, count: int) -> float:
    """Jobs a second, the engine's fastest way.

    Raises:
        Void: it has none.
    """
    return _jobs_per_s(engine, place, "bulk", count)


def _jobs_per_s(engine: Engine, place: Place, command: str, count: int) -> float:
    with stage(engine, place) as on:
        seconds = on.ask(command, count)["seconds"]
        found = on.remaining() if engine.workers and engine.broker is Broker.REDIS else count + WARM_UP
    if found != count + WARM_UP:
        raise Void(f"{found} jobs of {count + WARM_UP} were enqueued")
    return count / seconds
