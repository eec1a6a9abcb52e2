"""The worker's side of a zygote and of one child: started, asked, ended, and nothing left behind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TypeVar

import msgspec
from msgspec.msgpack import Decoder

from buffrsign.core.errors import Transient
from buffrsign.documents.outcome import Reason
from buffrsign.documents.sandbox.endings import name_of
from buffrsign.documents.sandbox.limits import Limits
from buffrsign.documents.sandbox.wire import (
    ANSWERS,
    BEGUN,
    ENDED,
    FORKED,
    Ask,
    Begun,
    Convert,
    End,
    Ended,
    Fork,
    Garbled,
    Gone,
    Read,
    Refused,
    TooLong,
    receive,
    send,
)

START_S = 60.0
"""How long a zygote may load the parsers, and anything else may take that reads no file, on a busy machine."""

END_S = 5.0
"""How long it may take to end its children before it is killed."""

_AROUND_AN_ANSWER_BYTES = 1024
_MODULE = "buffrsign.documents.sandbox.zygote"
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")

Reply = TypeVar("Reply")


class SandboxBroken(Transient):
    """The zygote ended, or does not answer. That says nothing about the file; the next try starts another one."""


class Overstepped(Exception):
    """A child MUST be ended over a file. `reason` says why, unless it ended by itself."""

    def __init__(self, reason: Reason | None) -> None:
        super().__init__(reason)
        self.reason = reason


class Child:
    """One process that reads files, one at a time."""

    def __init__(self, pid: int, connection: socket.socket, zygote: "Zygote", begun: Begun) -> None:
        self.pid = pid
        self.connection = connection
        self.zygote = zygote
        self.confined = begun.confined
        self.idle_bytes = begun.idle_bytes
        self.files = 0

    def ask(self, asked: Ask, file: int, *, limits: Limits) -> Read | Refused:
        """Have the open file read.

        Raises:
            Overstepped: there is no answer, none in time, or none that may be.
        """
        self.files += 1
        deadline = time.monotonic() + limits.wall_s
        longest = limits.output_bytes + _AROUND_AN_ANSWER_BYTES
        try:
            self.connection.settimeout(limits.wall_s)
            send(self.connection, asked, file=file)
            return receive(self.connection, ANSWERS, at_most=longest, deadline=deadline)
        except TimeoutError as error:
            raise Overstepped(Reason.TIMEOUT) from error
        except TooLong as error:
            raise Overstepped(Reason.RESOURCE_LIMIT) from error
        except Garbled as error:
            raise Overstepped(Reason.DAMAGED) from error
        except Gone as error:
            raise Overstepped(None) from error


class Zygote:
    """A process that forks children. One order at a time; any number of threads.

    Raises:
        SandboxBroken: from every method, where it does not answer; it is of no use any more then.
    """

    def __init__(self, limits: Limits, *, readers: str) -> None:
        self._lock = Lock()
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-s", "-m", _MODULE, readers, msgspec.json.encode(limits).decode()],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                start_new_session=True,  # a Ctrl-C in the worker's terminal is the worker's
            )
        self._connection.settimeout(START_S)

    def fork(self, order: Fork | Convert = Fork()) -> Child:  # noqa: B008 - frozen
        """A new child; with another order one that becomes LibreOffice, and closes its connection when it ends."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                forked = self._order(lambda: self._ask(order, FORKED, file=theirs.fileno()))
            try:
                begun = receive(ours, BEGUN, deadline=time.monotonic() + START_S)
            except (Gone, TimeoutError) as error:
                ending = name_of(self._order(lambda: self._ask(End(forked.pid), ENDED)).status)
                raise SandboxBroken(f"a new child did not begin ({ending}); the job is tried again") from error
            return Child(forked.pid, ours, self, begun)
        except BaseException:
            ours.close()
            raise

    def end(self, child: Child) -> Ended:
        """Make sure that the child has ended, and say how it did."""
        child.connection.close()
        return self._order(lambda: self._ask(End(child.pid), ENDED))

    def close(self) -> None:
        """End it, and with it all its children."""
        with suppress(OSError):  # it ended before
            self._connection.shutdown(socket.SHUT_RDWR)  # a thread that waits for an answer would keep it open
        self._connection.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """For a fork of the worker, which has this zygote by inheritance and not as its own: leave it alone."""
        self._connection.close()
        self._process.returncode = 0

    def _order(self, exchange: Callable[[], Reply]) -> Reply:
        """Whatever interrupts an exchange breaks it off for good: the next reply would be another order's."""
        try:
            with self._lock:
                return exchange()
        except (OSError, TooLong) as error:  # `Gone` and timeouts are among them
            self._connection.close()
            raise SandboxBroken("the sandbox's zygote does not answer; the job is tried again") from error
        except BaseException:
            self._connection.close()
            raise

    def _ask(self, order: Fork | Convert | End, reply: Decoder[Reply], *, file: int | None = None) -> Reply:
        send(self._connection, order, file=file)
        return receive(self._connection, reply)


def _environment() -> dict[str, str]:
    """The zygote finds the same modules as we do, and none of our secrets."""
    search = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - '' is the current folder
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(search), "PYTHONDONTWRITEBYTECODE": "1"}
