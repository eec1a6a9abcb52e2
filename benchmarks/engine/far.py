"""What the delaying proxy can carry, so that nobody takes its limit for an engine's."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis

from benchmarks.engine import server
from benchmarks.engine.drain import delaying_proxy
from workers.processes import Processes

if TYPE_CHECKING:
    from redis import Redis as Client

PINGS = 200
ECHOES = 20_000
ECHO = b"e" * 322
START_TIMEOUT_S = 10.0


def proxy_limits() -> dict[str, float]:
    """The round trip through it in ms, and how many pipelined requests of 322 bytes it carries in a second."""
    with tempfile.TemporaryDirectory() as name, Processes(Path(name) / "log") as processes:
        running = server.start(processes, Path(name) / "data", appendfsync="off")
        with _connected(delaying_proxy(processes, running.port)) as client:
            trips = [_seconds(client) for _ in range(PINGS)]
            pipeline: Any = client.pipeline(transaction=False)
            for _ in range(ECHOES):
                pipeline.echo(ECHO)
            started = time.perf_counter()
            pipeline.execute()
            took_s = time.perf_counter() - started
        running.client.close()
    return {
        "round_trip_ms": round(statistics.median(trips) * 1000, 2),
        "pipelined_requests_per_s": round(ECHOES / took_s),
    }


def _seconds(client: "Client") -> float:
    started = time.perf_counter()
    client.ping()
    return time.perf_counter() - started


@contextmanager
def _connected(port: int) -> Iterator["Client"]:
    deadline = time.monotonic() + START_TIMEOUT_S
    with Redis(port=port) as client:
        while not server.answers(client):
            if time.monotonic() > deadline:
                raise TimeoutError("the delaying proxy did not answer")
            time.sleep(0.02)
        yield client
