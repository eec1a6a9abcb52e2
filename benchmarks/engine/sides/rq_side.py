"""RQ: for enqueueing and for what a scheduled job weighs. Its worker forks for each job, and is no match here."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from redis import Redis
from rq import Queue

from benchmarks.engine.sides.effect import Payload
from benchmarks.engine.sides.side import Side, main

CHUNK = 1000
TASK = "benchmarks.engine.sides.effect.perform"


class Rq(Side):
    """One connection."""

    def __init__(self, url: str) -> None:
        self._queue: Any = Queue("bench", connection=Redis.from_url(url))

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`enqueue`."""
        for payload in payloads:
            self._queue.enqueue(TASK, kwargs=payload)

    def in_bulk(self, payloads: Sequence[Payload]) -> None:
        """`enqueue_many`, a thousand at a time."""
        for start in range(0, len(payloads), CHUNK):
            chunk = payloads[start : start + CHUNK]
            self._queue.enqueue_many([Queue.prepare_data(TASK, kwargs=payload) for payload in chunk])

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """`enqueue_at`."""
        moment = datetime.fromtimestamp(due, tz=timezone.utc)  # noqa: UP017 - as its programs spell it
        for payload in payloads:
            self._queue.enqueue_at(moment, TASK, kwargs=payload)


if __name__ == "__main__":
    main(Rq)
