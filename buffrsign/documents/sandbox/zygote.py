"""The zygote has the parsers loaded, reads no file itself, and forks children that do.

`python -m buffrsign.documents.sandbox.zygote MODULE LIMITS`, started by the worker with one end of a connection as
standard input; MODULE names the readers, LIMITS are JSON. Forking here and not in the worker makes a child cheap, keeps
the worker's secrets and connections out of it, and is allowed where Celery's own children may have none. When the
worker goes, however it goes, the connection closes, and the zygote ends its children and itself. Where it is killed,
the kernel ends them.
"""

import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec

from buffrsign.documents.sandbox import kernel, landlock
from buffrsign.documents.sandbox.child import serve
from buffrsign.documents.sandbox.libreoffice.becoming import NEVER_BEGAN, become_libreoffice
from buffrsign.documents.sandbox.libreoffice.scratch import remove
from buffrsign.documents.sandbox.limits import Limits
from buffrsign.documents.sandbox.readers import Reader
from buffrsign.documents.sandbox.wire import (
    ORDERS,
    Convert,
    End,
    Ended,
    Fork,
    Forked,
    Gone,
    receive_with_file,
    send,
)

_KIB = 1024


def main(module: str, limits: str) -> None:
    """Take orders until the worker is gone."""
    worker = socket.socket(fileno=os.dup(0))
    named = importlib.import_module(module)
    named.warm_up()
    nursery = Nursery(worker, named.READERS, msgspec.json.decode(limits, type=Limits))
    gc.collect()
    gc.freeze()  # else the collector would touch, and so copy, what children share with us
    with suppress(Gone):
        while True:
            match receive_with_file(worker, ORDERS):
                case Fork(), int(file):
                    send(worker, nursery.fork(file))
                case Convert() as asked, int(file):
                    send(worker, nursery.convert(asked, file))
                case End(pid), None:
                    send(worker, nursery.end(pid))
    nursery.close()


class Nursery:
    """The children that have not been waited for. Nobody else can have the number of one of them."""

    def __init__(self, worker: socket.socket, readers: Mapping[str, Reader], limits: Limits) -> None:
        self._worker = worker
        self._readers = readers
        self._limits = limits
        self._rules = landlock.ruleset()
        self._children: set[int] = set()
        self._folders: dict[int, Path] = {}

    def fork(self, file: int) -> Forked:
        """A child that serves the connection with this number, which closes here."""
        return self._forked(
            file, lambda connection: serve(connection, self._readers, limits=self._limits, rules=self._rules)
        )

    def convert(self, asked: Convert, file: int) -> Forked:
        """A child that becomes LibreOffice."""
        forked = self._forked(file, partial(become_libreoffice, asked), fails_as=NEVER_BEGAN)
        self._folders[forked.pid] = Path(asked.scratch)
        return forked

    def end(self, pid: int) -> Ended:
        """Kill a child, unless it has ended, and wait for it. Its folder, if it has one, is the worker's to remove."""
        self._children.remove(pid)
        if self._folders.pop(pid, None):
            _kill_what_it_started(pid)
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        return Ended(status, usage.ru_maxrss * _KIB)

    def close(self) -> None:
        """End all of them, and remove their folders, since the worker is gone."""
        folders = list(self._folders.values())
        for pid in list(self._children):
            self.end(pid)
        for folder in folders:
            remove(folder)

    def _forked(self, file: int, be: Callable[[socket.socket], None], *, fails_as: int = 1) -> Forked:
        zygote = os.getpid()
        pid = os.fork()
        if not pid:
            self._be_child(zygote, file, be, fails_as=fails_as)
        os.close(file)
        self._children.add(pid)
        return Forked(pid)

    def _be_child(self, zygote: int, file: int, be: Callable[[socket.socket], None], *, fails_as: int) -> NoReturn:
        """Be that, and end: whatever is raised, this MUST NOT return into the zygote's loop."""
        code = fails_as
        try:
            kernel.die_with_parent(zygote)
            self._worker.close()
            be(socket.socket(fileno=file))
            code = 0
        finally:
            os._exit(code)


def _kill_what_it_started(pid: int) -> None:
    """Where the kernel did not keep it from that: its children are in its group."""
    with suppress(ProcessLookupError, PermissionError):  # it ended before it had a group
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
