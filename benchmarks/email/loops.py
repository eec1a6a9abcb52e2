"""Loops of `smtplib` in two processes, and what the sink can take: see `sender.py`."""

import sys
import time

from benchmarks.email.stage import Rate, Stage, Void, require_each_once, stage
from workers.processes import Program

PROCESSES = 2
READY_AFTER_S = 3.0
LONGEST_S = 170.0


def measure(way: str, letters: int) -> Rate:
    """So many letters, half of them from each process.

    Raises:
        Void: a process failed, or somebody got no letter, or two.
    """
    each = letters // PROCESSES
    with stage() as on:
        at = time.monotonic() + READY_AFTER_S
        programs = [_start(on, number, way, each, at) for number in range(PROCESSES)]
        cpu_s = sum(_outcome(program) for program in programs)
        counted = on.counted()
    require_each_once(counted, each * PROCESSES)
    return Rate(counted.accepted, counted.last_at - counted.first_at, cpu_s)


def _start(on: Stage, number: int, way: str, count: int, at: float) -> Program:
    command = [sys.executable, "-m", "benchmarks.email.sender", str(on.port), way, str(count), str(at)]
    return on.processes.start(f"sender-{number}", command, env=on.environment())


def _outcome(program: Program) -> float:
    code = program.process.wait(LONGEST_S)
    said = program.log_path.read_text(encoding="utf-8").strip().splitlines()
    if code:
        raise Void(f"{program.name} ended with code {code}: {' '.join(said[-1:])}")
    return float(said[-1])
