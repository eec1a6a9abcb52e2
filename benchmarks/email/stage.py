"""One measurement's stage: a fresh sink, whoever sends, and what can be seen of both."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.email.sink import PORTS, Counted
from workers.processes import ROOT, Processes, Program

RUNS = ROOT / "var" / "bench" / "runs"
SINK_START_S = 15.0
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Void(Exception):
    """A measurement that does not count; the message says why."""


@dataclass(frozen=True)
class Rate:
    """How letters went: by the clock, from the first that was taken to the last, and by the senders' processors."""

    letters: int
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Letters in a second of the clock."""
        return (self.letters - 1) / self.wall_s

    @property
    def per_cpu_s(self) -> float:
        """Letters in a second of the senders' processor time."""
        return self.letters / self.cpu_s


@dataclass(frozen=True)
class Stage:
    """Where one measurement happens. Its processes end with it."""

    folder: Path
    processes: Processes
    port: int
    books_port: int

    def environment(self) -> dict[str, str]:
        """What programs see: nothing of ours but what the measurement says."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("BUFFRSIGN_", "REDIS_"))}
        return {**env, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def counted(self) -> Counted:
        """What the sink has seen so far."""
        with socket.create_connection(("127.0.0.1", self.books_port), timeout=30) as books:
            books.sendall(b"?\n")
            with books.makefile("rb") as answer:
                return msgspec.json.decode(answer.readline(), type=Counted)

    def wait(self, condition: Callable[[], bool], what: str, *, timeout_s: float, look_s: float = 0.05) -> None:
        """Until it is true.

        Raises:
            Void: it did not become true in time.
            ProcessDied: a program ended.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.processes.check()
            if time.monotonic() > deadline:
                raise Void(f"waited {timeout_s:.0f} s for {what}")
            time.sleep(look_s)


@contextmanager
def stage() -> Iterator[Stage]:
    """A sink that has seen nothing yet."""
    RUNS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"email-{os.getpid()}-", dir=RUNS) as name:
        folder = Path(name)
        with Processes(folder / "log") as processes:
            command = [sys.executable, "-m", "benchmarks.email.sink", str(folder)]
            processes.start("sink", command, env={**os.environ, "PYTHONPATH": str(ROOT)})
            ports = folder / PORTS
            deadline = time.monotonic() + SINK_START_S
            while not ports.exists():
                processes.check()
                if time.monotonic() > deadline:
                    raise Void("the sink did not start")
                time.sleep(0.01)
            smtp, books = ports.read_text(encoding="ascii").split()
            yield Stage(folder, processes, int(smtp), int(books))


def require_each_once(counted: Counted, letters: int) -> None:
    """Make sure that everybody got one letter, under a Message-ID of its own.

    Raises:
        Void: they did not.
    """
    if (counted.accepted, counted.repeated, counted.unnamed) != (letters, 0, 0):
        raise Void(
            f"the sink took {counted.accepted} letters of {letters}, of which {counted.repeated} were repeated "
            f"and {counted.unnamed} had no Message-ID"
        )


def cpu_s(program: Program) -> float:
    """The processor time of a program and of all processes in its group, those that have ended included (Linux)."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == program.process.pid:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
                ticks += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
        except (ProcessLookupError, FileNotFoundError):
            continue
    return ticks / _TICKS_A_SECOND
