"""What each of our runs has to show: every job has its record, `done`, and a live consumer received its events."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks.engine.events import succeeded
from benchmarks.engine.stage import Stage, Void
from buffrsign.broker import keys
from buffrsign.broker.records import State

if TYPE_CHECKING:
    from redis import Redis

EVENTS_TIMEOUT_S = 15.0
_AT_ONCE = 5000


def start_consumer(stage: Stage) -> None:
    """Start it, and return once it listens."""
    path = stage.folder / "events"
    command = stage.place.command(("python", "-m", "benchmarks.engine.events", stage.redis.url, str(path)))
    stage.processes.start("events", command, env=stage.environment(stage.redis.url))
    stage.wait(path.exists, "the consumer of events", timeout_s=20)


def require(stage: Stage, count: int) -> None:
    """Make sure of it.

    Raises:
        Void: jobs without their record or without their event.
    """
    done = sum(state == State.DONE.value.encode() for state in _states(stage.redis.client))
    if done != count:
        raise Void(f"{done} of {count} jobs have their record `done`")
    path, deadline = stage.folder / "events", time.monotonic() + EVENTS_TIMEOUT_S
    while (told := len(succeeded(path))) < count:
        if time.monotonic() > deadline:
            raise Void(f"a live consumer received the success of {told} jobs of {count}")
        time.sleep(0.5)


def _states(client: "Redis") -> Iterator[bytes | None]:
    found = client.scan_iter(match=f"{keys.RECORD_PREFIX}*", count=_AT_ONCE)
    while chunk := list(islice(found, _AT_ONCE)):
        pipeline: Any = client.pipeline(transaction=False)
        for key in chunk:
            pipeline.hget(key, "state")
        answers = pipeline.execute(raise_on_error=False)  # the record of a job that has not begun is no hash
        yield from (None if isinstance(answer, Exception) else answer for answer in answers)
