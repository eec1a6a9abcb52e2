"""huey on Redis. It takes a job off its list before it runs it: if the worker dies, the job is gone."""

import os
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from huey import RedisHuey

from benchmarks.engine.sides.effect import Payload, perform
from benchmarks.engine.sides.side import URL, Side, main, wants_results

QUEUE = "bench"

queue: Any = RedisHuey(QUEUE, url=os.environ.get(URL, "redis://"), results=wants_results())


def run(document_id: str, recipient: str, title: str, stamp: str, note: str) -> None:  # noqa: ARG001 - the payload
    """Do nothing."""
    perform(stamp)


run.__module__ = "benchmarks.engine.sides.huey_side"  # its name in messages, also where this module is `__main__`
noop = queue.task(name="noop")(run)


class Huey(Side):
    """It has no bulk call."""

    def __init__(self, _url: str) -> None:
        pass

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """Call the task."""
        for payload in payloads:
            noop(**payload)

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """By `eta`."""
        eta = datetime.fromtimestamp(due, tz=timezone.utc)  # noqa: UP017 - as its programs spell it
        for payload in payloads:
            noop.schedule(kwargs=payload, eta=eta)


if __name__ == "__main__":
    main(Huey)
