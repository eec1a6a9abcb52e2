"""The kernel ends a child that makes a system call which reaches out of it (seccomp(2))."""

import os
from collections.abc import Iterator

from buffrsign.documents.sandbox import bpf
from buffrsign.documents.sandbox.bpf import FAIL, KILL, MACHINES, ONESELF, UNKNOWN
from buffrsign.documents.sandbox.kernel import machine
from buffrsign.documents.sandbox.syscalls import CLONE, CLONE3, DENIED, PRCTL, PRLIMIT64, TGKILL

__all__ = ["MACHINES", "deny_what_reaches_out", "instructions"]


def deny_what_reaches_out() -> None:
    """From now on, and for good. `no_new_privs` MUST be set before.

    Raises:
        OSError: the kernel has no such filter, or nobody knows the numbers of this instruction set.
    """
    bpf.require_known(machine())
    bpf.install(instructions(machine(), pid=os.getpid()))


def instructions(machine: str, *, pid: int) -> Iterator[bytes]:
    """The filter for the process of this number."""
    yield from bpf.beginning(machine)
    for call in DENIED.values():
        yield from bpf.on(call, machine, KILL)
    yield from bpf.on(PRCTL, machine, FAIL)
    yield from bpf.on(CLONE3, machine, UNKNOWN)
    yield from bpf.only_for_threads(CLONE, machine, KILL)
    yield from bpf.only_if(TGKILL, machine, argument=0, among=(pid,), answer=KILL)
    yield from bpf.only_if(PRLIMIT64, machine, argument=0, among=(ONESELF,), answer=KILL)
    yield bpf.end()
