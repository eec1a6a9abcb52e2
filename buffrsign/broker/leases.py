"""A holder: the one process that takes jobs from the broker, and holds each by a lease until it is settled.

    reserve ──► held ──► acknowledged, or given back
                 │
                 └─ the heartbeat renews all leases at once, from a thread of its own that no task or pool can stop;
                    a holder that falls silent loses them, and its jobs go to another

A lease's id is `<holder>.<number>`, new for each delivery. Whoever settles names it, and a late one is refused.

MUST: nothing here is used in a child of the process that made it.
"""

import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from buffrsign.broker.recovery import TakenBack
from buffrsign.broker.scripts import script
from buffrsign.core.logs import get_logger

if TYPE_CHECKING:
    from redis import Redis

MOST_AT_ONCE = 64
"""Jobs that one call takes at most: about 1 ms of Redis's time."""

_FLUSH_AT = 64
_FLUSH_AFTER_S = 0.05
_HEARTBEATS_PER_LEASE = 6
_PAUSE_AFTER_MISSED_BEAT_S = 0.2

log = get_logger(__name__)


@dataclass(frozen=True)
class Leased:
    """One message as it was taken. `source` is its list, `alone`: nothing else may run in this process meanwhile."""

    lease: str
    source: str
    message: bytes
    alone: bool


@dataclass(frozen=True)
class Reservation:
    """What one reserve answered. `next_due` is None when nothing is scheduled."""

    taken: tuple[Leased, ...]
    asked: int
    next_due: timedelta | None


@dataclass(frozen=True)
class Ask:
    """A reserve that was asked for: its arguments, its leases' first number, and what it settles on the way."""

    arguments: tuple[Any, ...]
    first: int
    at_most: int
    settled: tuple[str, ...]


@dataclass
class _Books:
    """What the holder knows, under one lock: acknowledgements come from other threads in some pools."""

    held: dict[str, str] = field(default_factory=dict)  # lease → job id
    acknowledged: dict[str, str] = field(default_factory=dict)
    asking: dict[int, Ask] = field(default_factory=dict)  # first number → what is not answered yet
    returned: dict[str, bool] = field(default_factory=dict)  # lease → only if it has not begun
    first_unflushed: float = 0.0
    next_number: int = 1

    @property
    def arrived_below(self) -> int:
        """Leases below this number have arrived, if ever they will. Each connection may have a reserve on its way."""
        return min(self.asking, default=self.next_number)

    @property
    def riding(self) -> set[str]:
        """Leases that are acknowledged, and on their way with a reserve."""
        return {lease for ask in self.asking.values() for lease in ask.settled}


class Holder:
    """Leases of one process, and their heartbeat."""

    def __init__(self, client: "Redis", *, lease: timedelta) -> None:
        self.id = secrets.token_hex(8)
        self.stops: list[str] = []  # leases whose jobs somebody asked to stop, for the consumer to read
        self.client = client
        self._scripts = {name: script(client, name) for name in ("reserve", "settle", "renew", "leave")}
        self._lease_ms = lease // timedelta(milliseconds=1)
        self._books = _Books()
        self._lock = threading.Lock()
        self._ended_before: set[str] = set()
        self._told: set[str] = set()  # leases that are in `stops`, or were
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._heart: threading.Thread | None = None

    def __len__(self) -> int:
        """How many jobs it holds that are not settled yet."""
        books = self._books
        return len(books.held) - len(books.acknowledged)

    # -- taking ----------------------------------------------------------------------------------------------------

    def reserve(self, lists: Sequence[str], *, at_most: int) -> Reservation:
        """Take up to so many jobs from these lists, in their order, and wait for the answer.

        Raises:
            RedisError: no answer. What was taken all the same goes back with the next heartbeat.
        """
        ask = self.ask(lists, at_most=at_most)
        try:
            reply = self._scripts["reserve"](args=ask.arguments)
        except RedisError:
            self.ask_failed(ask)
            raise
        return self.absorb(reply, ask)

    def ask(self, lists: Sequence[str], *, at_most: int) -> Ask:
        """What to ask the broker for; then `absorb` its answer, or say that none comes."""
        self._start_heart()
        at_most = max(0, min(at_most, MOST_AT_ONCE))
        with self._lock:
            books = self._books
            first = books.next_number
            books.next_number += at_most
            riding = books.riding
            settled = {lease: job_id for lease, job_id in books.acknowledged.items() if lease not in riding}
            pairs = [part for pair in settled.items() for part in pair]
            arguments = (self.id, self._lease_ms, at_most, first, len(settled), *pairs, *lists)
            books.asking[first] = Ask(arguments, first, at_most, tuple(settled))
            return books.asking[first]

    def absorb(self, reply: Sequence[Any], ask: Ask) -> Reservation:
        """Read the answer to what `ask` asked."""
        next_ms, alone, recovered, *items = reply
        TakenBack(*recovered).log()
        taken = tuple(
            Leased(lease.decode(), source.decode(), message, alone=alone == b"1")
            for lease, source, message in zip(items[::3], items[1::3], items[2::3], strict=True)
        )
        with self._lock:
            self._forget(ask.settled)
            self._books.held.update({each.lease: "" for each in taken})
            del self._books.asking[ask.first]
        return Reservation(taken, ask.at_most, None if int(next_ms) < 0 else timedelta(milliseconds=int(next_ms)))

    def ask_failed(self, ask: Ask) -> None:
        """The answer will not come: what may have been taken goes back with the next heartbeat."""
        with self._lock:
            self._books.asking.pop(ask.first, None)

    # -- settling --------------------------------------------------------------------------------------------------

    def holds(self, lease: str) -> bool:
        """Whether this process was given this lease and has not settled it."""
        books = self._books
        return lease in books.held and lease not in books.acknowledged

    def acknowledge(self, lease: str, job_id: str) -> None:
        """The delivery is over. Written with the next reserve, or soon."""
        with self._lock:
            if lease not in self._books.held or self._books.returned.get(lease) is False:
                return  # it goes back, whatever Celery takes it for
            if not self._books.acknowledged:
                self._books.first_unflushed = time.monotonic()
            self._books.acknowledged[lease] = job_id
            waits_too_long = time.monotonic() - self._books.first_unflushed > _FLUSH_AFTER_S
            full = len(self._books.acknowledged) >= _FLUSH_AT
        if full or waits_too_long:
            self.flush()

    def give_back(self, leases: Iterable[str], *, only_unstarted: bool = False) -> None:
        """Put these jobs back at the head of their lists, at once; where the broker is away, as soon as it is back."""
        with self._lock:
            self._books.returned.update({lease: only_unstarted for lease in leases if lease in self._books.held})
        self.flush()

    def flush(self) -> None:
        """Write what is settled. A broker that is away gets it later: each of it is safe to repeat."""
        if not self._writing.acquire(blocking=False):
            return  # another thread is at it, and the heartbeat looks again
        try:
            self._write()
        except RedisError as error:
            log.warning("broker did not answer, settling later", error_type=type(error).__name__)
        finally:
            self._writing.release()

    def _write(self) -> None:
        with self._lock:
            books = self._books
            acknowledged = {lease: job_id for lease, job_id in books.acknowledged.items() if lease not in books.riding}
            returned = dict(books.returned)
        if not acknowledged and not returned:
            return
        pairs = [part for pair in acknowledged.items() for part in pair]
        # Each goes to the head of its list, so the last one first: then they keep their order.
        back = ["~" + lease if unstarted else lease for lease, unstarted in reversed(returned.items())]
        gone = self._scripts["settle"](args=[len(acknowledged), *pairs, *back])
        with self._lock:
            self._forget(acknowledged)
            self._forget(lease.decode() for lease in gone)
            for lease, unstarted in returned.items():
                if self._books.returned.get(lease) == unstarted:  # else somebody wants more of it by now
                    del self._books.returned[lease]

    def settled_elsewhere(self, lease: str) -> None:
        """A script has ended this lease already: nothing is left to write."""
        with self._lock:
            self._forget([lease])

    def leave(self) -> None:
        """Stop for good: everything that is still held goes back, and the heartbeat ends."""
        self._ended.set()
        self.flush()
        try:
            self._scripts["leave"](args=[self.id])
        except RedisError as error:
            log.warning("broker did not answer, leases will run out", error_type=type(error).__name__)
        with self._lock:
            self._books.held.clear()

    def _forget(self, leases: Iterable[str]) -> None:
        for lease in leases:
            self._books.held.pop(lease, None)
            self._books.acknowledged.pop(lease, None)

    # -- the heartbeat ---------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Renew all leases, and learn what was lost on the way here and which jobs are to stop.

        Raises:
            RedisError: no answer.
        """
        with self._lock:
            known = list(self._books.held)
            arrived_below = self._books.arrived_below
        reply = self._scripts["renew"](args=[self.id, self._lease_ms, arrived_below, *known])
        alive, returned, stops, ended, taken_back = reply
        TakenBack(*taken_back).log()
        if returned:
            log.warning("jobs were lost on their way here, given back", jobs=returned)
        if not alive and known:
            log.error("leases had run out, others have the jobs now", jobs=len(known))
            with self._lock:
                self._forget(known)
        wished = {lease.decode() for lease in stops}
        self.stops.extend(wished - self._told)
        self._told = wished
        ended_now = {lease.decode() for lease in ended}
        with self._lock:
            # What its task has ended is acknowledged here soon; what is still here at the next beat never will be.
            self._forget(ended_now & self._ended_before)
            self._ended_before = ended_now

    def _start_heart(self) -> None:
        if self._heart is None or not self._heart.is_alive():
            self._heart = threading.Thread(target=self._keep_beating, name="lease-heartbeat", daemon=True)
            self._heart.start()

    def _keep_beating(self) -> None:
        usual_s = pause_s = self._lease_ms / 1000 / _HEARTBEATS_PER_LEASE
        while not self._ended.wait(pause_s):
            try:
                self.beat()
                self.flush()
                pause_s = usual_s
            except RedisError as error:
                log.warning("heartbeat had no answer, trying again", error_type=type(error).__name__)
                pause_s = _PAUSE_AFTER_MISSED_BEAT_S
            except Exception as error:  # noqa: BLE001 - whatever it is, the leases MUST be renewed
                log.error("heartbeat failed, trying again", error=error)
                pause_s = _PAUSE_AFTER_MISSED_BEAT_S
