"""The children of one worker process: as many as read at a time, lent, given back, and replaced after so many files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from weakref import WeakSet

import msgspec

from buffrsign.core.logs import get_logger
from buffrsign.documents.sandbox.limits import Limits
from buffrsign.documents.sandbox.parent import Child, SandboxBroken, Zygote
from buffrsign.documents.sandbox.wire import Convert, Ended, Fork

log = get_logger(__name__)


class Pool:
    """Lends children. For any number of threads; in a fork of this process it is empty.

    Raises:
        SandboxBroken: when the zygote ended. The next call starts another.
    """

    def __init__(self, limits: Limits, *, readers: str) -> None:
        self.forked = 0
        self.converted = 0
        self._limits = limits
        self._readers = readers
        self._lock = Lock()
        self._zygote: Zygote | None = None
        self._idle: list[Child] = []
        _inherited.add(self)

    def borrow(self) -> Child:
        """One that waits, the last to come back before others; else a fresh one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self.fresh()

    def fresh(self) -> Child:
        """One that has read nothing yet."""
        child = self._forked(Fork())
        with self._lock:
            self.forked += 1
            is_first = self.forked == 1
        if is_first:
            _say_what_is_missing(child, "kernel does not confine readers as it should")
        return child

    def converting(self, order: Convert) -> Child:
        """One that becomes LibreOffice; it is to be ended, and not given back."""
        child = self._forked(order)
        with self._lock:
            self.converted += 1
            is_first = self.converted == 1
        if is_first:
            _say_what_is_missing(child, "kernel does not confine LibreOffice as it should")
        return child

    def give_back(self, child: Child, *, is_spent: bool = False) -> None:
        """Take back one whose last answer is whole. `is_spent`: it is not to be lent again."""
        if is_spent or child.files >= self._limits.files_per_child:
            with suppress(SandboxBroken):  # its answer stands, and it has ended with its zygote
                self.end(child)
            return
        with self._lock:
            if child.zygote is self._zygote:
                self._idle.append(child)
                return
        child.connection.close()  # another thread gave its zygote up

    def end(self, child: Child) -> Ended:
        """End one that was lent, if it has not ended by itself, and say how it did."""
        with self._giving_up(child.zygote):
            return child.zygote.end(child)

    def close(self) -> None:
        """End all children, also those that read, and the zygote."""
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote:
            self._give_up(zygote)

    def _forked(self, order: Fork | Convert) -> Child:
        with self._lock:
            zygote = self._zygote = self._zygote or Zygote(self._limits, readers=self._readers)
        with self._giving_up(zygote):
            return zygote.fork(order)

    @contextmanager
    def _giving_up(self, zygote: Zygote) -> Iterator[None]:
        """Whatever ends an exchange before its time leaves a zygote that nobody understands any more."""
        try:
            yield
        except BaseException:
            self._give_up(zygote)
            raise

    def _give_up(self, zygote: Zygote) -> None:
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
            orphans = [child for child in self._idle if child.zygote is zygote]
            self._idle = [child for child in self._idle if child.zygote is not zygote]
        for child in orphans:
            child.connection.close()
        zygote.close()

    def forget(self) -> None:
        """In a fork: the children are the other process's, and a thread of it may hold the lock."""
        self._lock = Lock()
        if self._zygote:
            self._zygote.forget()
        for child in self._idle:
            child.connection.close()
        self._zygote, self._idle = None, []


_inherited: WeakSet[Pool] = WeakSet()


def _forget_inherited() -> None:
    for pool in list(_inherited):
        pool.forget()


os.register_at_fork(after_in_child=_forget_inherited)


def _say_what_is_missing(child: Child, sentence: str) -> None:
    missing = [name for name, is_enforced in msgspec.structs.asdict(child.confined).items() if not is_enforced]
    if missing:
        log.warning(sentence, missing=missing)
