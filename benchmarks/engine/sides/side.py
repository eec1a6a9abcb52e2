"""What every engine's producer can do, and the commands by which the benchmark asks for it.

`python -m benchmarks.engine.sides.<engine> each 1000` prints how long a thousand jobs took, as one line of JSON.
The broker's address is in the environment, as `BENCH_URL`.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.engine.sides.effect import Payload, payload, stamped

URL = "BENCH_URL"
RESULTS = "BENCH_RESULTS"
WARM_UP = 50


class Side:
    """One engine's producer, on one connection."""

    def one_by_one(self, payloads: Sequence[Payload]) -> None:
        """Enqueue each, and wait for the broker's answer before the next."""
        raise NotImplementedError

    def in_bulk(self, payloads: Sequence[Payload]) -> None:
        """Enqueue all, the engine's fastest way; it has none if this is not overridden."""
        raise NotImplementedError

    def later(self, payloads: Sequence[Payload], *, due: float) -> None:
        """Schedule all for a time, in seconds since 1970."""
        raise NotImplementedError

    def load(self, payloads: Sequence[Payload]) -> None:
        """Enqueue all; nobody measures it."""
        try:
            self.in_bulk(payloads)
        except NotImplementedError:
            self.one_by_one(payloads)

    def take(self, count: int) -> dict[str, float]:
        """Take so many jobs and end none: by how many bytes each grows in Redis."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back the connection."""


def wants_results() -> bool:
    """Whether what tasks return is to be kept."""
    return os.environ.get(RESULTS) == "1"


def main(make: Callable[[str], Side]) -> None:
    """Do what the command line says."""
    command, *numbers = sys.argv[1:]
    side = make(os.environ[URL])
    try:
        answer = _COMMANDS[command](side, *(float(number) for number in numbers))
    finally:
        side.close()
    sys.stdout.write(json.dumps(answer) + "\n")


def _each(side: Side, count: float) -> dict[str, float]:
    side.one_by_one([payload()] * WARM_UP)
    return _timed(side.one_by_one, int(count))


def _bulk(side: Side, count: float) -> dict[str, float]:
    side.in_bulk([payload()] * WARM_UP)
    return _timed(side.in_bulk, int(count))


def _load(side: Side, count: float) -> dict[str, float]:
    return _timed(side.load, int(count))


def _timed(enqueue: Callable[[Sequence[Payload]], None], count: int) -> dict[str, float]:
    payloads = [payload()] * count
    started = time.perf_counter()
    enqueue(payloads)
    return {"seconds": time.perf_counter() - started}


def _pace(side: Side, count: float, rate: float) -> dict[str, float]:
    """So many jobs, so many a second; each is stamped right before it is enqueued."""
    started = time.monotonic()
    for number in range(int(count)):
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
        side.one_by_one([stamped(time.monotonic_ns())])
    return {}


def _later(side: Side, count: float, delay_s: float) -> dict[str, float]:
    """So many jobs, all due at the same moment: the first whole second that is at least so far away."""
    due = float(int(time.time() + delay_s) + 1)
    stamp = time.monotonic_ns() + int((due - time.time()) * 1e9)
    side.later([stamped(stamp)] * int(count), due=due)
    return {"left_s": due - time.time()}


def _take(side: Side, count: float) -> dict[str, float]:
    return side.take(int(count))


_COMMANDS: dict[str, Callable[..., dict[str, float]]] = {
    "each": _each,
    "bulk": _bulk,
    "load": _load,
    "pace": _pace,
    "later": _later,
    "take": _take,
}
