"""Processor seconds that something took where it ran: in a program that ended, or in a sandbox's processes."""

import os
import resource
import time
from pathlib import Path

from buffrsign.documents.sandbox import Sandbox

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def of_ended_programs() -> float:
    """What the programs took that this process started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class SandboxClock:
    """What the zygote of a sandbox and its children have taken so far, also children that ended."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._forked = 0
        self._zygotes: list[int] = []
        self._children: list[int] = []

    def seconds(self) -> float:
        """Exact for those that live; children that ended are counted in hundredths of a second."""
        if self._forked != self._sandbox.forked:
            self._forked = self._sandbox.forked
            self._zygotes = _children_of(os.getpid())
            self._children = [pid for zygote in self._zygotes for pid in _children_of(zygote)]
        return sum(map(_of_living, [*self._zygotes, *self._children])) + sum(map(_of_ended_children, self._zygotes))


def _of_living(pid: int) -> float:
    """The processor clock of another process: its number, inverted, above three bits (clock_getcpuclockid(3)).

    Nothing where it has just ended: then its zygote has what it took.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _of_ended_children(pid: int) -> float:
    user, system = _stat(pid)[13:15]
    return (int(user) + int(system)) / _TICKS_PER_S


def _children_of(parent: int) -> list[int]:
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]
    return [pid for pid in pids if _parent_of(pid) == parent]


def _parent_of(pid: int) -> int | None:
    try:
        return int(_stat(pid)[1])
    except (FileNotFoundError, ProcessLookupError):
        return None  # it has just ended


def _stat(pid: int) -> list[str]:
    """The fields from the third on, after the name, which may hold anything (proc_pid_stat(5))."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
