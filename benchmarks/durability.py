"""What it costs to be sure that a job is on the disk, on this machine's servers: `python -m benchmarks.durability`.

For `appendfsync everysec` and `always`: the time of one write after the other, of 500 in one pipeline, and of a write
followed by WAITAOF. A server that fsyncs once a second cannot have waited for it in less than a second's half, on
average; where strace is installed the fsyncs are counted as well. Where it is not, the count is left out, not guessed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from benchmarks.fsyncs import fsync_counter
from benchmarks.servers import Server, installed_servers, running

MESSAGE = b"x" * 322
PIPELINED = 500
WAITS = 6
PROBE = "durability"
SECOND_MS = 1000.0
TIMEOUT_MS = 5000


@dataclass(frozen=True)
class Measurement:
    """One server with one setting. All times in ms; None: the server has no WAITAOF, or nobody counted."""

    server: str
    appendfsync: str
    write_ms: float
    pipeline_ms: float
    waitaof_ms: float | None
    waits: int
    fsyncs: int | None

    @property
    def waitaof_waits(self) -> bool | None:
        """Whether WAITAOF waited for the fsync; None if there is no WAITAOF."""
        if self.waitaof_ms is None:
            return None
        if self.fsyncs is not None:
            return self.fsyncs >= self.waits
        if self.appendfsync == "everysec":
            return self.waitaof_ms >= SECOND_MS / 2
        return True  # with `always`, the write itself is answered only after its fsync


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--writes", type=int, default=500, help="how many writes one after the other (default 500)")
    given = parser.parse_args(arguments)
    found = list(measure_all(writes=given.writes))
    sys.stdout.write(as_json(found) if given.json else as_table(found))


def measure_all(*, writes: int) -> Iterator[Measurement]:
    """Every server of this machine with both settings, one after the other."""
    for server in installed_servers():
        for setting in ("everysec", "always"):
            with tempfile.TemporaryDirectory() as folder:
                yield measure(server, setting, folder=Path(folder), writes=writes)


def measure(server: Server, appendfsync: str, *, folder: Path, writes: int, waits: int = WAITS) -> Measurement:
    """One server with one setting, in a folder of its own: it must lie on the disk that is meant."""
    with running(server, appendfsync, folder=folder) as (client, pid):
        write_ms = _ms_each(lambda: client.lpush(PROBE, MESSAGE), times=writes)
        pipeline_ms = _ms_each(lambda: _pipeline(client), times=5)
        waitaof_ms, fsyncs = _waitaof(client, pid, waits=waits)
    return Measurement(server.name, appendfsync, write_ms, pipeline_ms, waitaof_ms, waits, fsyncs)


def as_json(measurements: list[Measurement]) -> str:
    """A list of objects, the verdict included."""
    rows = [{**asdict(one), "waitaof_waits": one.waitaof_waits} for one in measurements]
    return json.dumps(rows, indent=2) + "\n"


def as_table(measurements: list[Measurement]) -> str:
    """For people; the last column says whether anything may rest on WAITAOF there."""
    head = ("server", "appendfsync", "one write", f"{PIPELINED} at once", "and WAITAOF", "fsyncs", "waits for fsync")
    rows = [head, *(_row(one) for one in measurements)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def _row(one: Measurement) -> tuple[str, ...]:
    verdict = {True: "yes", False: "NO", None: "has none"}[one.waitaof_waits]
    counted = "not counted" if one.fsyncs is None else f"{one.fsyncs} in {one.waits}"
    return (
        one.server,
        one.appendfsync,
        f"{one.write_ms:.2f} ms",
        f"{one.pipeline_ms:.1f} ms",
        "-" if one.waitaof_ms is None else f"{one.waitaof_ms:.2f} ms",
        "-" if one.waitaof_ms is None else counted,
        verdict,
    )


def _pipeline(client: "Redis") -> None:
    with client.pipeline(transaction=False) as pipeline:
        for _ in range(PIPELINED):
            pipeline.lpush(PROBE, MESSAGE)
        pipeline.execute()


def _waitaof(client: "Redis", pid: int, *, waits: int) -> tuple[float | None, int | None]:
    """The mean time of a write and a WAITAOF after it, and the fsyncs meanwhile."""

    def write_and_wait() -> None:
        client.lpush(PROBE, MESSAGE)
        answer: Any = client.execute_command("WAITAOF", 1, 0, TIMEOUT_MS)  # type: ignore[no-untyped-call]
        assert answer[0] == 1, "the server did not say that its disk has it"  # noqa: S101 - a measurement is void then

    try:
        write_and_wait()
    except ResponseError:
        return None, None
    with fsync_counter(pid) as count:
        mean_ms = _ms_each(write_and_wait, times=waits)
        fsyncs = count() if count else None
    return mean_ms, fsyncs


def _ms_each(function: Callable[[], object], *, times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - started) * 1000 / times


if __name__ == "__main__":
    main()
