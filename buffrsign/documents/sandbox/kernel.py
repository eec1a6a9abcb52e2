"""Calls of Linux that Python has no names for. Where the kernel lacks one, or refuses it, that is an `OSError`."""

import ctypes
import errno
import os
import platform
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

_CAPABILITIES_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}

_libc = ctypes.CDLL(None, use_errno=True)


def machine() -> str:
    """The processor's instruction set, by its name in Linux: system calls have other numbers on each."""
    return platform.machine()


def enforces(confine: Callable[[], None]) -> bool:
    """Confine this process so; False where the kernel does not know how."""
    try:
        confine()
    except OSError:
        return False
    return True


def prctl(option: int, first: int | ctypes.c_void_p = 0, second: int | ctypes.c_void_p = 0) -> None:
    """Change something about this process (prctl(2))."""
    arguments = [value if isinstance(value, ctypes.c_void_p) else ctypes.c_ulong(value) for value in (first, second)]
    _check(_libc.prctl(option, *arguments, ctypes.c_ulong(0), ctypes.c_ulong(0)))


def call(number: int, *arguments: int | ctypes.c_void_p) -> int:
    """A system call by its number (syscall(2))."""
    passed = [value if isinstance(value, ctypes.c_void_p) else ctypes.c_long(value) for value in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *passed))


def die_with_parent(parent: int) -> None:
    """Be killed when the parent, whose number this was, ends; now, if it has ended already."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def drop_privileges() -> None:
    """Give up what a root process may do beyond others, and never gain anything by starting a program."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    number = _CAPSET.get(machine())
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    call(number, address(header), address(nothing))


def address(of: ctypes.Array[ctypes.c_uint32] | ctypes.Structure) -> ctypes.c_void_p:
    """Where a value lies, which MUST outlive the call."""
    return ctypes.cast(ctypes.byref(of), ctypes.c_void_p)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
