"""taskiq on a Redis stream, acknowledged after execution."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks.engine.sides.effect import Payload, perform
from benchmarks.engine.sides.side import URL, Side, main, wants_results

QUEUE = "taskiq"
AT_ONCE = 100

url = os.environ.get(URL, "redis://")
broker: Any = RedisStreamBroker(url, queue_name=QUEUE, consumer_id="0")
if wants_results():
    broker = broker.with_result_backend(RedisAsyncResultBackend(url))


async def run(document_id: str, recipient: str, title: str, stamp: str, note: str) -> None:  # noqa: ARG001
    """Do nothing."""
    perform(stamp)


noop = broker.register_task(run, task_name="noop")


class Taskiq(Side):
    """One event loop."""

    def __init__(self, _url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(broker.startup())

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`kiq`, each awaited."""

        async def enqueue() -> None:
            for payload in payloads:
                await noop.kiq(**payload)

        self._loop.run_until_complete(enqueue())

    def in_bulk(self, payloads: Sequence[Payload]) -> None:
        """There is no bulk call: a hundred `kiq` at once, each on a connection of its own."""

        async def enqueue() -> None:
            for start in range(0, len(payloads), AT_ONCE):
                await asyncio.gather(*(noop.kiq(**payload) for payload in payloads[start : start + AT_ONCE]))

        self._loop.run_until_complete(enqueue())

    def close(self) -> None:
        """Close the broker and the loop."""
        self._loop.run_until_complete(broker.shutdown())
        self._loop.close()


if __name__ == "__main__":
    main(Taskiq)
