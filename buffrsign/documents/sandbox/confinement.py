"""What a child gives up before it reads its first byte, and what it may take for each file."""

import math
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from buffrsign.documents.sandbox import kernel, landlock, seccomp
from buffrsign.documents.sandbox.limits import Limits
from buffrsign.documents.sandbox.peak import Peak
from buffrsign.documents.sandbox.wire import Confined

_STATM = "/proc/self/statm"


def confine(limits: Limits, rules: int | None) -> Confined:
    """Bound this process, for good; `rules` are Landlock's, and closed afterwards. Says what the kernel did not do."""
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CPU, math.ceil(limits.cpu_s * limits.files_per_child) + 1),
    ):
        resource.setrlimit(limit, (most, most))
    privileges = kernel.enforces(kernel.drop_privileges)
    files = kernel.enforces(lambda: landlock.restrict(rules))
    reaching_out = kernel.enforces(seccomp.deny_what_reaches_out)  # the last: it denies prctl
    return Confined(network=reaching_out, programs=reaching_out, files=files, privileges=privileges)


class Meter:
    """Counts what this child takes, file by file. Made before `confine`, which closes `/proc`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._statm = os.open(_STATM, os.O_RDONLY | os.O_CLOEXEC)
        self._peak = Peak()
        self._idle_bytes = self._held_bytes()
        most = self._idle_bytes + 2 * limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    @contextmanager
    def allowance(self) -> Iterator[None]:
        """Inside, memory past the limit raises `MemoryError` or fails, and time past it ends the process.

        The timer counts to the millisecond where `RLIMIT_CPU` counts whole seconds. Its signal has no handler, so
        that it also ends a loop in C.
        """
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        allowed = min(self._held_bytes() + self._limits.memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, most))
        self._peak.begin()
        signal.setitimer(signal.ITIMER_PROF, self._limits.cpu_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def peak_bytes(self) -> int:
        """The most memory that the last file took, resident, over what was held when it came."""
        return self._peak.over_bytes()

    def has_grown(self) -> bool:
        """Whether this child holds so much more than at first that the next file would not have its whole allowance."""
        return self._held_bytes() > self._idle_bytes + self._limits.memory_bytes // 2

    def _held_bytes(self) -> int:
        pages, _, _ = os.pread(self._statm, 64, 0).partition(b" ")
        return int(pages) * resource.getpagesize()
