"""streaq: for enqueueing and for what a scheduled job weighs."""

import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timezone
from typing import Any

import anyio
from streaq import Worker

from benchmarks.engine.sides.effect import Payload, perform
from benchmarks.engine.sides.side import URL, Side, main

CHUNK = 1000

worker: Any = Worker(redis_url=os.environ.get(URL, "redis://"))


async def run(document_id: str, recipient: str, title: str, stamp: str, note: str) -> None:  # noqa: ARG001
    """Do nothing."""
    perform(stamp)


noop = worker.task(run)


class Streaq(Side):
    """One event loop a call; opening it costs some ms."""

    def __init__(self, _url: str) -> None:
        pass

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`enqueue`, each awaited."""

        async def enqueue() -> None:
            for payload in payloads:
                await noop.enqueue(**payload)

        _inside(enqueue)

    def in_bulk(self, payloads: Sequence[Payload]) -> None:
        """`enqueue_many`, a thousand at a time."""
        _inside(lambda: _all(payloads, None))

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """`enqueue_many` with a schedule."""
        _inside(lambda: _all(payloads, datetime.fromtimestamp(due, tz=timezone.utc)))  # noqa: UP017


async def _all(payloads: Sequence[Payload], moment: datetime | None) -> None:
    for start in range(0, len(payloads), CHUNK):
        tasks = [noop.enqueue(**payload) for payload in payloads[start : start + CHUNK]]
        if moment is not None:
            tasks = [task.start(schedule=moment) for task in tasks]
        await worker.enqueue_many(tasks)


def _inside(work: Callable[[], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with worker:
            await work()

    anyio.run(inside)


if __name__ == "__main__":
    main(Streaq)
