"""taskiq on a Redis stream, acknowledged after execution."""

import asyncio
import json
import os
import uuid
from collections.abc import Sequence
from typing import Any

from redis import Redis
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks.engine.sides.effect import Payload, perform
from benchmarks.engine.sides.side import URL, Side, main, wants_results

QUEUE = "taskiq"
AT_ONCE = 100
CHUNK = 1000

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

    def load(self, payloads: Sequence[Payload]) -> None:
        """Enqueue one, and copy it under other ids: what `kiq` writes, only faster."""
        if len(payloads) < CHUNK:
            self.in_bulk(payloads)
            return
        self.one_by_one(payloads[:1])
        with Redis.from_url(url) as client:
            data: bytes = client.xrange(QUEUE, count=1)[0][1][b"data"]
            old = json.loads(data)["task_id"].encode()
            for start in range(1, len(payloads), CHUNK):
                pipeline: Any = client.pipeline(transaction=False)
                for _ in payloads[start : start + CHUNK]:
                    pipeline.xadd(QUEUE, {b"data": data.replace(old, uuid.uuid4().hex.encode())})
                pipeline.execute()

    def close(self) -> None:
        """Close the broker and the loop."""
        self._loop.run_until_complete(broker.shutdown())
        self._loop.close()


if __name__ == "__main__":
    main(Taskiq)
