"""The pool: sessions with one server that are kept for further letters, never more than so many at once.

One place is kept for urgent letters, so that a bulk send which fills the others does not hold them up. A session is
closed once it has carried its share of letters, has idled for a while, or has been closed by the server. A child of a
fork begins with none.
"""

import os
import ssl
import threading
import time
import weakref
from datetime import timedelta

from buffrsign.mail.delivery.session import Session
from buffrsign.mail.outcomes import NoConnectionFree
from buffrsign.mail.providers import SmtpServer

WAIT_FOR_PLACE_S = 10.0
COME_BACK_AFTER = timedelta(seconds=5)


class Pool:
    """Sessions with one server, for one process."""

    def __init__(
        self, server: SmtpServer, *, ehlo_name: str, tls: ssl.SSLContext, wait_for_place_s: float = WAIT_FOR_PLACE_S
    ) -> None:
        self._server = server
        self._ehlo_name = ehlo_name
        self._tls = tls
        self._wait_for_place_s = wait_for_place_s
        self._begin()
        _pools.add(self)

    def take(self, *, urgent: bool, letter_by: float, fresh: bool = False) -> Session:
        """A session for one letter; give it back in any case. `fresh` trusts none of those that idle.

        Raises:
            NoConnectionFree: no place became free in time.
            ProviderAway: the server cannot be reached, or will not talk to us.
        """
        self._take_place(urgent=urgent, by=min(letter_by, time.monotonic() + self._wait_for_place_s))
        try:
            session = self._idling(fresh=fresh) or self._open(letter_by)
        except BaseException:
            self._free_place(urgent=urgent)
            raise
        session.begin(letter_by=letter_by)
        return session

    def give_back(self, session: Session, *, urgent: bool) -> None:
        """Keep the session for further letters if it can carry any, and let the next one have its place."""
        kept = False
        try:
            session.reset()
            if session.is_usable and session.letters < self._server.letters_per_connection:
                kept = self._put_aside(session)
        finally:
            if not kept:
                session.leave()
            self._free_place(urgent=urgent)

    def close(self) -> None:
        """Say goodbye in every idle session; those in use are closed when they are given back."""
        with self._changed:
            self._closed = True
            idle = self._take_out(list(self._idle))
        for session in idle:
            session.leave()
        self._wake_sweeper.set()

    def close_idle(self) -> float | None:
        """Close the sessions that have idled for long enough; seconds until the next one will have, if there is any."""
        now = time.monotonic()
        with self._changed:
            stale = self._take_out([each for each in self._idle if now - each.rested_at >= self._server.idle_s])
            next_s = min((each.rested_at + self._server.idle_s - now for each in self._idle), default=None)
            if next_s is None:
                self._is_swept = False
        for session in stale:
            session.leave()
        return next_s

    def begin_anew(self) -> None:
        """In the child of a fork: the connections are the parent's, so nothing is said in them."""
        self._finalizer.detach()
        _drop_all(self._idle)
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[Session] = []
        self._in_use = 0
        self._in_use_by_bulk = 0
        self._closed = False
        self._is_swept = False
        self._wake_sweeper = threading.Event()
        # A pool that nobody closed leaves no socket and no thread behind.
        self._finalizer = weakref.finalize(self, _abandon, self._idle, self._wake_sweeper)

    def _take_place(self, *, urgent: bool, by: float) -> None:
        with self._changed:
            while not self._has_place(urgent=urgent):
                left_s = by - time.monotonic()
                if left_s <= 0 or not self._changed.wait(left_s):
                    raise NoConnectionFree(
                        f"every connection to {self._server.label} is busy in this process; the letter waits",
                        delay=COME_BACK_AFTER,
                    )
            self._in_use += 1
            self._in_use_by_bulk += not urgent

    def _has_place(self, *, urgent: bool) -> bool:
        most = self._server.connections
        return self._in_use < most and (urgent or self._in_use_by_bulk < most - 1)

    def _free_place(self, *, urgent: bool) -> None:
        with self._changed:
            self._in_use -= 1
            self._in_use_by_bulk -= not urgent
            self._changed.notify_all()

    def _idling(self, *, fresh: bool) -> Session | None:
        """The session that rested last, if the server still holds it open."""
        while True:
            with self._changed:
                if not self._idle:
                    return None
                session = self._idle.pop()
            if not fresh and session.is_usable and time.monotonic() - session.rested_at < self._server.idle_s:
                return session
            session.leave()

    def _open(self, letter_by: float) -> Session:
        return Session(self._server, ehlo_name=self._ehlo_name, tls=self._tls, letter_by=letter_by)

    def _put_aside(self, session: Session) -> bool:
        with self._changed:
            if self._closed:
                return False
            session.rested_at = time.monotonic()
            self._idle.append(session)
            if not self._is_swept:
                self._is_swept = True
                arguments = (weakref.ref(self), self._wake_sweeper)
                threading.Thread(target=_sweep, args=arguments, name="mail-idle", daemon=True).start()
            return True

    def _take_out(self, sessions: list[Session]) -> list[Session]:
        for session in sessions:
            self._idle.remove(session)
        return sessions


def _sweep(pool_of: "weakref.ref[Pool]", wake: threading.Event) -> None:
    """Close idle sessions until there are none; holds on to the pool only while it looks."""
    while True:
        pool = pool_of()
        if pool is None:
            return
        next_s = pool.close_idle()
        del pool
        if next_s is None or wake.wait(next_s):
            return


def _abandon(idle: list[Session], wake_sweeper: threading.Event) -> None:
    _drop_all(idle)
    wake_sweeper.set()


def _drop_all(idle: list[Session]) -> None:
    while idle:
        idle.pop().drop()


def _begin_all_anew() -> None:
    for pool in list(_pools):
        pool.begin_anew()


_pools: "weakref.WeakSet[Pool]" = weakref.WeakSet()
os.register_at_fork(after_in_child=_begin_all_anew)
