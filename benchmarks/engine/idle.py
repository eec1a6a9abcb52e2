"""What a worker costs that has nothing to do: requests a second, and memory."""

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import monitor
from benchmarks.engine.engine import Engine
from benchmarks.engine.homes import Place
from benchmarks.engine.stage import stage
from workers.processes import Program

SETTLE_S = 15.0
_SESSION = 3  # field of /proc/<pid>/stat after the name
_KIB = 1024


@dataclass(frozen=True)
class Idle:
    """`rss_bytes` is the sum over the worker's processes; pages that they share count in each."""

    requests_per_s: float
    rss_bytes: int


def idle(engine: Engine, place: Place, seconds: float) -> Idle:
    """Let workers run some jobs, and watch them rest."""
    with stage(engine, place) as on:
        programs = on.start_workers()
        on.warm_up()
        time.sleep(SETTLE_S)
        with monitor.watching(on.redis) as seen:
            time.sleep(seconds)
        return Idle(seen.commands() / seconds, sum(rss_bytes(program) for program in programs))


def rss_bytes(program: Program) -> int:
    """The memory of a program and its children: all processes of its session."""
    return sum(_rss(process) for process in Path("/proc").glob("[0-9]*") if _session(process) == program.process.pid)


def _session(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[_SESSION])
    except OSError:
        return 0


def _rss(process: Path) -> int:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KIB for line in lines if line.startswith("VmRSS:")), 0)
