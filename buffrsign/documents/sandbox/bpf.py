"""Filters of system calls, in the kernel's classic BPF: what a process may call, and what becomes of it (seccomp(2)).

The number of the call is in the accumulator between two rules; a rule that loads something else ends the filter.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Iterator

from buffrsign.documents.sandbox.kernel import PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, prctl
from buffrsign.documents.sandbox.syscalls import Numbers

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The instruction sets whose numbers are known, with the kernel's names for them."""

ALLOW, KILL = 0x7FFF0000, 0x80000000
FAIL = 0x00050000 | errno.EPERM
REFUSE = 0x00050000 | errno.EACCES
UNKNOWN = 0x00050000 | errno.ENOSYS
UNSUPPORTED = 0x00050000 | errno.EOPNOTSUPP
ONESELF = 0

_X32 = 0x40000000
"""Calls of the x32 kind have this bit; their numbers are others."""

# Offsets in `struct seccomp_data`: the call's number, the instruction set, and the lower half of the first argument.
_NUMBER, _ARCHITECTURE, _ARGUMENTS, _ARGUMENT_BYTES = 0, 4, 16, 8

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT = 0x15, 0x35, 0x45
_CLONE_THREAD = 0x00010000


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(instructions: Iterable[bytes]) -> None:
    """For this process, from now on and for good. `no_new_privs` MUST be set before.

    Raises:
        OSError: the kernel has no such filters.
    """
    code = b"".join(instructions)
    kept = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address(program))


def require_known(machine: str) -> None:
    """Of whose system calls the numbers are known.

    Raises:
        OSError: nobody knows them.
    """
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def beginning(machine: str) -> Iterator[bytes]:
    """Calls by the numbers of another instruction set end the process."""
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield from _unless(MACHINES[machine], KILL)
    yield _instruction(_LOAD, _NUMBER)
    if machine == "x86_64":
        yield _instruction(_JUMP_IF_AT_LEAST, _X32, 0, 1)
        yield _instruction(_RETURN, KILL)


def on(call: Numbers, machine: str, answer: int) -> Iterator[bytes]:
    """What this call is answered; nothing, where the machine has no such call."""
    if (number := getattr(call, machine)) is not None:
        yield from _if(number, answer)


def only_if(call: Numbers, machine: str, *, argument: int, among: tuple[int, ...], answer: int) -> Iterator[bytes]:
    """This call, where its argument of this place is one of these values; else what it is answered."""
    values = b"".join(_jump(value, over=len(among) - place) for place, value in enumerate(among))
    yield from _where(call, machine, argument, values + _instruction(_RETURN, answer) + _instruction(_RETURN, ALLOW))


def unless(call: Numbers, machine: str, *, argument: int, value: int, answer: int) -> Iterator[bytes]:
    """This call, but with an answer where its argument of this place has this value."""
    yield from _where(call, machine, argument, b"".join(_if(value, answer)) + _instruction(_RETURN, ALLOW))


def only_for_threads(call: Numbers, machine: str, answer: int) -> Iterator[bytes]:
    """A `clone`, where its flags, the first argument, ask for a thread of the same process."""
    is_thread = _instruction(_JUMP_IF_ANY_BIT, _CLONE_THREAD, 1, 0)
    yield from _where(call, machine, 0, is_thread + _instruction(_RETURN, answer) + _instruction(_RETURN, ALLOW))


def only_kind_of_socket(call: Numbers, machine: str, *, family: int, kind: int, answer: int) -> Iterator[bytes]:
    """A `socket` of this family and kind; flags are added to the kind."""
    code = b"".join(_unless(family, answer))
    code += _instruction(_LOAD, _ARGUMENTS + _ARGUMENT_BYTES) + _instruction(_AND, 0xF)
    code += b"".join(_unless(kind, answer)) + _instruction(_RETURN, ALLOW)
    yield from _where(call, machine, 0, code)


def end() -> bytes:
    """Whatever has had no answer so far is allowed."""
    return _instruction(_RETURN, ALLOW)


def _where(call: Numbers, machine: str, argument: int, code: bytes) -> Iterator[bytes]:
    """The code, which looks at one argument and returns, for this call only."""
    if (number := getattr(call, machine)) is not None:
        yield _instruction(_JUMP_IF_EQUAL, number, 0, 1 + len(code) // 8)
        yield _instruction(_LOAD, _ARGUMENTS + argument * _ARGUMENT_BYTES)
        yield from (code[at : at + 8] for at in range(0, len(code), 8))


def _if(value: int, answer: int) -> Iterator[bytes]:
    yield _instruction(_JUMP_IF_EQUAL, value, 0, 1)
    yield _instruction(_RETURN, answer)


def _unless(value: int, answer: int) -> Iterator[bytes]:
    yield _instruction(_JUMP_IF_EQUAL, value, 1, 0)
    yield _instruction(_RETURN, answer)


def _jump(value: int, *, over: int) -> bytes:
    return _instruction(_JUMP_IF_EQUAL, value, over, 0)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
