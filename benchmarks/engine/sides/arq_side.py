"""arq: for enqueueing and for what a scheduled job weighs."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings

from benchmarks.engine.sides.effect import Payload
from benchmarks.engine.sides.side import Side, main

AT_ONCE = 100


class Arq(Side):
    """One event loop. It has no bulk call."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._pool: Any = self._loop.run_until_complete(create_pool(RedisSettings.from_dsn(url)))

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`enqueue_job`, each awaited."""

        async def enqueue() -> None:
            for payload in payloads:
                await self._pool.enqueue_job("noop", **payload)

        self._loop.run_until_complete(enqueue())

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """`_defer_until`, a hundred at once."""
        moment = datetime.fromtimestamp(due, tz=timezone.utc)  # noqa: UP017 - as its programs spell it

        async def enqueue() -> None:
            for start in range(0, len(payloads), AT_ONCE):
                chunk = payloads[start : start + AT_ONCE]
                calls = (self._pool.enqueue_job("noop", _defer_until=moment, **payload) for payload in chunk)
                await asyncio.gather(*calls)

        self._loop.run_until_complete(enqueue())

    def close(self) -> None:
        """Close the pool and the loop."""
        self._loop.run_until_complete(self._pool.close())
        self._loop.close()


if __name__ == "__main__":
    main(Arq)
