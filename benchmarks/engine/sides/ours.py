"""Our producer."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from benchmarks.engine.sides.effect import Payload
from benchmarks.engine.sides.ours_contract import Noop
from benchmarks.engine.sides.side import Side, main, wants_results
from benchmarks.engine.sides.taking import used_memory, weigh_taken
from buffrsign.producer import Producer, connect


class Ours(Side):
    """One producer on one connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._producer = Producer(url, max_ready=10_000_000)
        self._many: Any = getattr(self._producer, "enqueue_many", None)
        self._keep_result = wants_results()

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`enqueue`."""
        for payload in payloads:
            self._producer.enqueue(Noop(**payload), keep_result=self._keep_result)

    def in_bulk(self, payloads: Sequence[Payload]) -> None:
        """`enqueue_many`, where this release has it."""
        if self._many is None:
            raise NotImplementedError
        self._many([Noop(**payload) for payload in payloads], keep_result=self._keep_result)

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """`at`."""
        moment = datetime.fromtimestamp(due, tz=timezone.utc)  # noqa: UP017 - one spelling for all sides
        if self._many is not None:
            self._many([Noop(**payload) for payload in payloads], at=moment)
            return
        for payload in payloads:
            self._producer.enqueue(Noop(**payload), at=moment)

    def take(self, count: int) -> dict[str, float]:
        """With our transport."""
        with connect(self._url) as client:
            return weigh_taken(
                self._url,
                Noop.queue.value,
                count,
                used_bytes=lambda: used_memory(client),
                transport="buffrsign.broker.transport:Transport",
                rejecting=True,
            )

    def close(self) -> None:
        """Close the connection."""
        self._producer.close()


if __name__ == "__main__":
    main(Ours)
