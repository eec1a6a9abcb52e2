"""Stock Celery's producer: `send_task`, and for bulk, kombu's own batch of publishes."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from benchmarks.engine.sides.effect import Payload
from benchmarks.engine.sides.side import Side, main
from benchmarks.engine.sides.stock_app import app
from benchmarks.engine.sides.taking import used_memory, weigh_taken

QUEUE = "celery"
CHUNK = 1000


class Stock(Side):
    """One connection, one producer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_redis = url.startswith("redis")
        self._connection: Any = app.connection_for_write()
        self._producer: Any = app.amqp.Producer(self._connection)

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`send_task` on one connection."""
        for payload in payloads:
            app.send_task("noop", kwargs=payload, producer=self._producer)

    def in_bulk(self, payloads: Sequence[Payload]) -> None:
        """Celery has no bulk call; kombu's batch makes one pipeline of many `send_task`."""
        if not self._is_redis:
            raise NotImplementedError
        with self._producer.batch(CHUNK):
            self.one_by_one(payloads)

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """By `eta`."""
        eta = datetime.fromtimestamp(due, tz=timezone.utc)  # noqa: UP017 - as stock programs spell it
        for payload in payloads:
            app.send_task("noop", kwargs=payload, producer=self._producer, eta=eta)

    def load(self, payloads: Sequence[Payload]) -> None:
        """Publish one, and copy it under other ids: byte for byte what `send_task` writes, only faster."""
        if not self._is_redis:
            self._load_unconfirmed(payloads)
            return
        if len(payloads) < CHUNK:
            self.one_by_one(payloads)  # few come while workers run, and there is nothing left to copy
            return
        self.one_by_one(payloads[:1])
        client = self._connection.default_channel.client
        first = client.lindex(QUEUE, 0).decode()
        message = json.loads(first)
        ids = (message["headers"]["id"], message["properties"]["delivery_tag"])
        left = len(payloads) - 1
        while left:
            chunk = [_copy(first, ids) for _ in range(min(left, CHUNK))]
            client.lpush(QUEUE, *chunk)
            left -= len(chunk)

    def _load_unconfirmed(self, payloads: Sequence[Payload]) -> None:
        with app.connection_for_write(transport_options={"confirm_publish": False}) as connection:
            producer = app.amqp.Producer(connection)
            for payload in payloads:
                app.send_task("noop", kwargs=payload, producer=producer)

    def take(self, count: int) -> dict[str, float]:
        """With kombu's transport."""
        client: Any = self._connection.default_channel.client
        return weigh_taken(
            self._url, QUEUE, count, used_bytes=lambda: used_memory(client), transport=None, rejecting=False
        )

    def close(self) -> None:
        """Give back the connection."""
        self._connection.release()


def _copy(message: str, ids: tuple[str, ...]) -> str:
    for old in ids:
        message = message.replace(old, str(uuid.uuid4()))
    return message


if __name__ == "__main__":
    main(Stock)
