"""dramatiq on Redis; it acknowledges after execution."""

import os
import time
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.engine.sides.effect import Payload, perform
from benchmarks.engine.sides.side import URL, Side, main

QUEUE = "default"

broker: Any = RedisBroker(url=os.environ.get(URL, "redis://"))
dramatiq.set_broker(broker)


def run(document_id: str, recipient: str, title: str, stamp: str, note: str) -> None:  # noqa: ARG001 - the payload
    """Do nothing."""
    perform(stamp)


noop = dramatiq.actor(run, actor_name="noop")


class Dramatiq(Side):
    """It has no bulk call."""

    def __init__(self, _url: str) -> None:
        pass

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """`send`."""
        for payload in payloads:
            noop.send(**payload)

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """By a delay in ms, as dramatiq wants it."""
        for payload in payloads:
            noop.send_with_options(kwargs=payload, delay=max(1, round((due - time.time()) * 1000)))


if __name__ == "__main__":
    main(Dramatiq)
