"""Readers that do to a sandbox what a hostile file might make a parser do, in place of `sandbox/readers.py`."""

import builtins
import ctypes
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from buffrsign.documents.sandbox.readers import Reader

MODULE = __name__
MIB = 1024 * 1024
_kept: list[bytearray] = []
_poisoned: list[bytes] = []


def warm_up() -> None:
    """Nothing is loaded later."""


def echo(data: bytes) -> str:
    return data.decode()


def pid_of_child(data: bytes) -> str:
    return str(os.getpid())


def segfault(data: bytes) -> str:
    return str(ctypes.string_at(0))


def abort(data: bytes) -> str:
    os.abort()


def leave(data: bytes) -> str:
    os._exit(0)


def sleep(data: bytes) -> str:
    time.sleep(3600)
    return ""


def loop(data: bytes) -> str:
    while True:
        pass


def loop_in_c(data: bytes) -> str:
    return str(re.match(r"(x+x+)+y", "x" * 60))


def allocate(data: bytes, *, mib: int) -> str:
    taken = bytearray(mib * MIB)
    return str(len(taken))


def hoard(data: bytes, *, mib: int) -> str:
    _kept.append(bytearray(mib * MIB))
    return str(os.getpid())


def return_much(data: bytes, *, mib: int) -> str:
    return "x" * mib * MIB


def take_and_leave(data: bytes, *, mib: int) -> str:
    _kept.append(bytearray(b"x") * mib * MIB)
    os._exit(0)


def print_much(data: bytes, *, mib: int) -> str:
    for _ in range(mib):
        os.write(1, b"x" * MIB)
        os.write(2, b"x" * MIB)
    return "printed"


def open_many(data: bytes) -> str:
    opened = []
    try:
        while True:
            opened.append(os.memfd_create("one more"))
    except OSError as error:
        return f"{len(opened)} {error.strerror}"
    finally:
        for file in opened:
            os.close(file)


def read_path(data: bytes) -> str:
    return Path(data.decode()).read_text()[:100]


def write_path(data: bytes) -> str:
    Path(data.decode()).write_text("was here")
    return "written"


def environment(data: bytes) -> str:
    return " ".join(os.environ)


def fill_memory_file(data: bytes) -> str:
    """What lies in files in memory is counted by no limit of memory, so it is one of files."""
    return str(os.write(os.memfd_create("filled"), b"x" * MIB))


def reach_network(data: bytes) -> str:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
    return "reached"


def start_program(data: bytes) -> str:
    return subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True, check=True).stdout


def become_program(data: bytes) -> str:
    os.execv(sys.executable, [sys.executable])  # noqa: S606


def fork(data: bytes) -> str:
    if not os.fork():
        time.sleep(3600)
    return "forked"


def kill_zygote(data: bytes) -> str:
    os.kill(os.getppid(), 9)
    return "killed"


def kill_zygote_by_limits(data: bytes) -> str:
    resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))
    return "killed"


def make_writable(data: bytes) -> str:
    Path(data.decode()).chmod(0o777)
    return "made writable"


def raise_named(data: bytes) -> str:
    """Raise the built-in error of this name."""
    named = getattr(builtins, data.decode())
    if named in {UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError}:
        b"\xff".decode("ascii")
    if issubclass(named, BaseExceptionGroup):
        raise named("several", [ValueError("a word of the document")])
    raise named("a word of the document")


def recurse(data: bytes) -> str:
    return recurse(data)


def return_a_number(data: bytes) -> int:
    return 7


def answer_garbage(data: bytes) -> str:
    """Write on every connection there is, as code that has taken the child over might."""
    for file in range(3, 24):
        try:
            os.write(file, b"\x00\x00\x00\x02\xc1\xc1")
        except OSError:
            continue
    return "never read"


def answer_endlessly(data: bytes) -> str:
    """Announce more than may be."""
    for file in range(3, 24):
        try:
            os.write(file, b"\xff\xff\xff\xff" + bytes(1000))
        except OSError:
            continue
    time.sleep(3600)
    return "never read"


def poison(data: bytes) -> str:
    """Leave the child in a state in which the next file kills it."""
    _poisoned.append(data)
    return "poisoned"


def echo_unless_poisoned(data: bytes) -> str:
    return segfault(data) if _poisoned else echo(data)


_FUNCTIONS: tuple[Callable[..., object], ...] = (
    echo,
    pid_of_child,
    segfault,
    abort,
    leave,
    sleep,
    loop,
    loop_in_c,
    allocate,
    hoard,
    return_much,
    take_and_leave,
    print_much,
    open_many,
    read_path,
    write_path,
    environment,
    fill_memory_file,
    reach_network,
    start_program,
    become_program,
    fork,
    kill_zygote,
    kill_zygote_by_limits,
    make_writable,
    raise_named,
    recurse,
    return_a_number,
    answer_garbage,
    answer_endlessly,
    poison,
    echo_unless_poisoned,
)

READERS = {function.__name__: Reader(function, str) for function in _FUNCTIONS}
