"""What LibreOffice may ask of the kernel: it asks for much that it can do without, so it is refused and not ended."""

import socket
from collections.abc import Iterator

from buffrsign.documents.sandbox import bpf
from buffrsign.documents.sandbox.bpf import FAIL, ONESELF, REFUSE, UNKNOWN, UNSUPPORTED
from buffrsign.documents.sandbox.syscalls import (
    ACCESS,
    CLONE,
    CLONE3,
    DENIED,
    FACCESSAT,
    FALLOCATE,
    MEMFD_CREATE,
    PRCTL,
    PRLIMIT64,
    SOCKET,
    TGKILL,
)

_NAME_OF_THREAD = 15
_MAY_WRITE = 2

_NEEDED = frozenset({"socket", "bind", "listen", "accept", "execve"})
"""Of what readers are denied. It begins by a program's start, and waits at a socket for a second of its kind."""


def instructions(machine: str, *, pid: int) -> Iterator[bytes]:
    """The filter for the process of this number, from before it becomes LibreOffice.

    Sockets are those of a path, and nobody can connect one. Files in memory, and space that is only reserved, no limit
    would count. `access` does not know of Landlock: without an answer of
    ours it would call `/tmp` writable, and LibreOffice would want its socket there.
    """
    yield from bpf.beginning(machine)
    for name, call in DENIED.items():
        if name not in _NEEDED:
            yield from bpf.on(call, machine, FAIL)
    yield from bpf.on(MEMFD_CREATE, machine, FAIL)
    yield from bpf.on(FALLOCATE, machine, UNSUPPORTED)
    yield from bpf.on(CLONE3, machine, UNKNOWN)
    yield from bpf.only_for_threads(CLONE, machine, FAIL)
    yield from bpf.only_if(PRCTL, machine, argument=0, among=(_NAME_OF_THREAD,), answer=FAIL)
    yield from bpf.only_if(TGKILL, machine, argument=0, among=(pid,), answer=FAIL)
    yield from bpf.only_if(PRLIMIT64, machine, argument=0, among=(ONESELF, pid), answer=FAIL)
    yield from bpf.only_kind_of_socket(SOCKET, machine, family=socket.AF_UNIX, kind=socket.SOCK_STREAM, answer=FAIL)
    yield from bpf.unless(ACCESS, machine, argument=1, value=_MAY_WRITE, answer=REFUSE)
    yield from bpf.unless(FACCESSAT, machine, argument=2, value=_MAY_WRITE, answer=REFUSE)
    yield bpf.end()
