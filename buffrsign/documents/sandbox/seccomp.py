"""The kernel ends a child that makes a system call which reaches out of it (seccomp(2))."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

from buffrsign.documents.sandbox.kernel import PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, machine, prctl
from buffrsign.documents.sandbox.syscalls import CLONE, CLONE3, DENIED, PRCTL, PRLIMIT64, TGKILL

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The instruction sets whose numbers are known, with the kernel's names for them."""

_X32 = 0x40000000
"""Calls of the x32 kind have this bit; their numbers are others."""

# Offsets in `struct seccomp_data`: the call's number, the instruction set, and the lower half of the first argument.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_FAIL = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS
_CLONE_THREAD = 0x00010000
_ONESELF = 0


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def deny_what_reaches_out() -> None:
    """From now on, and for good. `no_new_privs` MUST be set before.

    Raises:
        OSError: the kernel has no such filter, or nobody knows the numbers of this instruction set.
    """
    if machine() not in MACHINES:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    code = b"".join(instructions(machine(), pid=os.getpid()))
    kept = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address(program))


def instructions(machine: str, *, pid: int) -> Iterator[bytes]:
    """The filter for the process of this number, in the kernel's classic BPF."""
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield from _unless(MACHINES[machine], _KILL)
    yield _instruction(_LOAD, _NUMBER)
    if machine == "x86_64":
        yield _instruction(_JUMP_IF_AT_LEAST, _X32, 0, 1)
        yield _instruction(_RETURN, _KILL)
    for numbers in DENIED.values():
        if (number := getattr(numbers, machine)) is not None:
            yield from _if(number, _KILL)
    yield from _if(getattr(PRCTL, machine), _FAIL)
    yield from _if(getattr(CLONE3, machine), _UNKNOWN)
    yield from _only_for_threads(getattr(CLONE, machine))
    yield from _only_to(pid, getattr(TGKILL, machine))
    yield from _only_to(_ONESELF, getattr(PRLIMIT64, machine))
    yield _instruction(_RETURN, _ALLOW)


def _if(value: int, answer: int) -> Iterator[bytes]:
    yield _instruction(_JUMP_IF_EQUAL, value, 0, 1)
    yield _instruction(_RETURN, answer)


def _unless(value: int, answer: int) -> Iterator[bytes]:
    yield _instruction(_JUMP_IF_EQUAL, value, 1, 0)
    yield _instruction(_RETURN, answer)


def _only_to(whom: int, number: int) -> Iterator[bytes]:
    """This call, with this first argument only."""
    yield _instruction(_JUMP_IF_EQUAL, number, 0, 4)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield from _unless(whom, _KILL)
    yield _instruction(_RETURN, _ALLOW)


def _only_for_threads(number: int) -> Iterator[bytes]:
    """This call, where its flags, the first argument, ask for a thread of the same process."""
    yield _instruction(_JUMP_IF_EQUAL, number, 0, 4)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(_JUMP_IF_ANY_BIT, _CLONE_THREAD, 1, 0)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_RETURN, _ALLOW)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
