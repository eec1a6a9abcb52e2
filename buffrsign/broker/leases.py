"""A holder: the one process that takes jobs from the broker, and holds each by a lease until it is settled.

    reserve ──► held ──► acknowledged, or given back
                 │
                 └─ the heartbeat renews all leases at once, from a thread of its own that no task or pool can stop;
                    a holder that falls silent loses them, and its jobs go to another

A lease's id is `<holder>.<number>`, new for each delivery. Whoever settles names it, and a late one is refused.

Where the process runs its tasks itself, its jobs are begun by the reserve that takes them, and what is done is told
with the next one: no job has a question of its own. Whoever runs one claims it first, so that what was given back
meanwhile does not run.

MUST: nothing here is used in a child of the process that made it.
"""

import re
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from redis.exceptions import RedisError

from buffrsign.broker.books import Ask, Books, Claim, End, GivenBack, Leased, Reservation, told
from buffrsign.broker.recovery import TakenBack
from buffrsign.broker.scripts import script
from buffrsign.core.logs import get_logger

if TYPE_CHECKING:
    from redis import Redis

MOST_AT_ONCE = 64
"""Jobs that one call takes at most: about 1 ms of Redis's time."""

_FLUSH_AT = 64
_FLUSH_ENDS_AT = 2 * MOST_AT_ONCE
_FLUSH_AFTER_S = 0.05
_HEARTBEATS_PER_LEASE = 6
_PAUSE_AFTER_MISSED_BEAT_S = 0.2
_LEAVING_S = 10.0

_JOB_ID = re.compile(rb'"id": ?"([^"\\]+)"')

log = get_logger(__name__)


class Holder:
    """Leases of one process, and their heartbeat."""

    def __init__(self, client: "Redis", *, lease: timedelta, holder_id: str = "") -> None:
        self.id = holder_id or secrets.token_hex(8)
        self.stops: list[str] = []  # leases whose jobs somebody asked to stop, for the consumer to read
        self.client = client
        self._scripts = {name: script(client, name) for name in ("reserve", "settle", "renew", "leave")}
        self._lease_ms = lease // timedelta(milliseconds=1)
        self._books = Books()
        self._lock = threading.Lock()
        self._ended_before: set[str] = set()
        self._told: set[str] = set()  # leases that are in `stops`, or were
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._heart: threading.Thread | None = None

    def __len__(self) -> int:
        """How many jobs it holds that are not settled yet."""
        books = self._books
        return len(books.held) - len(books.acknowledged) - len(books.ends)

    @property
    def owes(self) -> bool:
        """Whether something is settled that the broker may not know."""
        books = self._books
        return bool(books.ends or books.acknowledged or books.returned)

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

    def ask(self, lists: Sequence[str], *, at_most: int, worker: str = "") -> Ask:
        """What to ask the broker for; then `absorb` its answer, or say that none comes.

        `worker` is the name under which the jobs begin at once; '' if each is begun by the process that runs it.
        """
        self._start_heart()
        at_most = max(0, min(at_most, MOST_AT_ONCE))
        with self._lock:
            books = self._books
            first = books.next_number
            books.next_number += at_most
            riding = books.riding
            settled = {lease: job_id for lease, job_id in books.acknowledged.items() if lease not in riding}
            pairs = [part for pair in settled.items() for part in pair]
            ends = [end for lease, end in books.ends.items() if lease not in riding] if worker else []
            mode = f"{len(settled)} {len(ends)} {worker}" if worker else len(settled)
            arguments = (self.id, self._lease_ms, at_most, first, mode, *pairs, *told(ends), *lists)
            ask = Ask(arguments, first, at_most, tuple(settled), tuple(end.lease for end in ends), bool(worker))
            books.asking[first] = ask
            books.fresh = 0
            return ask

    def absorb(self, reply: Sequence[Any], ask: Ask) -> Reservation:
        """Read the answer to what `ask` asked."""
        next_ms, alone, recovered, *items = reply
        TakenBack(*recovered).log()
        step = 4 if ask.begins else 3
        answers = items[3::4] if ask.begins else [b""] * (len(items) // 3)
        is_alone = alone == b"1"
        taken, claims = [], {}
        for lease, source, message, answer in zip(items[::step], items[1::step], items[2::step], answers, strict=True):
            word, *numbers = answer.split() if answer else (b"",)
            if word not in (b"", b"begun"):
                found = _JOB_ID.search(message)
                log.info("delivery ignored", job_id=found[1].decode() if found else "", state=word.decode())
                continue
            leased = Leased(lease.decode(), source.decode(), message, is_alone, bool(word))
            if word:
                claims[leased.lease] = Claim(*map(int, numbers))
            taken.append(leased)
        with self._lock:
            self._forget(ask.settled)
            self._forget(ask.ends)
            self._books.answered_at = time.monotonic()
            if self._books.asking.pop(ask.first, None) is None:
                taken = []  # it was given up while its answer waited to be read, and goes back with a heartbeat
            else:
                self._books.held.update({each.lease: "" for each in taken})
                self._books.begun.update(claims)
        next_due = None if int(next_ms) < 0 else timedelta(milliseconds=int(next_ms))
        return Reservation(tuple(taken), ask.at_most, next_due, len(answers))

    def ask_failed(self, ask: Ask) -> None:
        """The answer will not come: what may have been taken goes back with the next heartbeat."""
        with self._lock:
            self._books.asking.pop(ask.first, None)
            self._books.sure_from = time.monotonic() + self._lease_ms / 1000

    def claim(self, lease: str) -> Claim | None:
        """Say that the job runs now. None if it was not begun when it was taken: then it has to begin by itself.

        Raises:
            GivenBack: it is not ours any more.
        """
        with self._lock:
            books = self._books
            if lease not in books.held or (lease in books.returned and not books.returned[lease]):
                raise GivenBack
            return books.begun.pop(lease, None)

    # -- settling --------------------------------------------------------------------------------------------------

    def end(self, end: End) -> None:
        """The job is done. Written with the next reserve, or soon, and until the broker has it."""
        with self._lock:
            self._books.held.setdefault(end.lease, "")
            self._books.ends[end.lease] = end
            due = self._count_fresh(at_most=_FLUSH_ENDS_AT)
        if due:
            self.flush()

    def tell_with(self, lease: str, told: bytes) -> bool:
        """Let who waits for this job's result be told with its end. False if that was written already."""
        with self._lock:
            end = self._books.ends.get(lease)
            if end is None or lease in self._books.riding:
                return False
            self._books.ends[lease] = msgspec.structs.replace(end, told=told)
            return True

    def holds(self, lease: str) -> bool:
        """Whether this process was given this lease and has not settled it."""
        books = self._books
        return lease in books.held and lease not in books.acknowledged and lease not in books.ends

    def acknowledge(self, lease: str, job_id: str) -> None:
        """The delivery is over. Written with the next reserve, or soon."""
        with self._lock:
            books = self._books
            if lease not in books.held or lease in books.ends or books.returned.get(lease) is False:
                return  # it is told already, or goes back, whatever Celery takes it for
            self._books.acknowledged[lease] = job_id
            due = self._count_fresh(at_most=_FLUSH_AT)
        if due:
            self.flush()

    def _count_fresh(self, *, at_most: int) -> bool:
        """One more is settled, and rides with nothing yet. Whether there are so many, or so old, that they go now."""
        books, now = self._books, time.monotonic()
        if not books.fresh:
            books.first_fresh = now
        books.fresh += 1
        return books.fresh >= at_most or now - books.first_fresh > _FLUSH_AFTER_S

    def give_back(self, leases: Iterable[str], *, only_unstarted: bool = False) -> None:
        """Put these jobs back at the head of their lists, at once; where the broker is away, as soon as it is back."""
        with self._lock:
            books = self._books
            for lease in leases:
                if lease in books.held:
                    # What is begun and unclaimed has not started, whatever the broker says; of all else it knows best.
                    books.returned[lease] = only_unstarted and books.begun.pop(lease, None) is None
        self.flush()

    def give_back_unclaimed(self) -> None:
        """Put back, from another thread, what was begun for this process and waits too long to be run by it."""
        with self._lock:
            waiting = list(self._books.begun)
        if waiting:
            self.give_back(waiting, only_unstarted=True)

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
            riding = books.riding
            acknowledged = {lease: job_id for lease, job_id in books.acknowledged.items() if lease not in riding}
            ends = [end for lease, end in books.ends.items() if lease not in riding]
            returned = dict(books.returned)
            books.fresh = 0
        if not acknowledged and not returned and not ends:
            return
        pairs = [part for pair in acknowledged.items() for part in pair]
        # Each goes to the head of its list, so the last one first: then they keep their order.
        back = ["~" + lease if unstarted else lease for lease, unstarted in reversed(returned.items())]
        how_many = f"{len(acknowledged)} {len(ends)}"
        gone = self._scripts["settle"](args=[how_many, *pairs, *told(ends), *back])
        with self._lock:
            self._forget(acknowledged)
            self._forget(end.lease for end in ends)
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
        with self._lock:
            self._books.asking.clear()  # what rides may not have been heard, and may be told twice
        is_alone = self._writing.acquire(timeout=_LEAVING_S)
        try:
            self._write()
            self._scripts["leave"](args=[self.id])
        except RedisError as error:
            log.warning("broker did not answer, leases will run out", error_type=type(error).__name__)
        finally:
            if is_alone:
                self._writing.release()
        with self._lock:
            self._books.held.clear()

    def _forget(self, leases: Iterable[str]) -> None:
        for lease in leases:
            self._books.held.pop(lease, None)
            self._books.acknowledged.pop(lease, None)
            self._books.begun.pop(lease, None)
            self._books.ends.pop(lease, None)

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
                self._forget(lease for lease in known if lease not in self._books.ends)  # those are done all the same
        wished = {lease.decode() for lease in stops}
        self.stops.extend(wished - self._told)
        self._told = wished
        ended_now = {lease.decode() for lease in ended}
        with self._lock:
            # What its task has ended is acknowledged here soon; what is still here at the next beat never will be.
            self._forget((ended_now & self._ended_before) - self._books.ends.keys())
            self._ended_before = ended_now

    def _rests(self, beaten_at: float, lately_s: float) -> bool:
        """Whether a beat has nothing to say: nothing is held or on its way, and a reserve has renewed the holder."""
        books, now = self._books, time.monotonic()
        is_renewed = now - books.answered_at < lately_s and now - beaten_at < self._lease_ms / 1000
        return is_renewed and not books.held and now > books.sure_from

    def _start_heart(self) -> None:
        if self._heart is None or not self._heart.is_alive():
            self._heart = threading.Thread(target=self._keep_beating, name="lease-heartbeat", daemon=True)
            self._heart.start()

    def _keep_beating(self) -> None:
        usual_s = pause_s = self._lease_ms / 1000 / _HEARTBEATS_PER_LEASE
        beaten_at = time.monotonic()
        while not self._ended.wait(pause_s):
            try:
                if not self._rests(beaten_at, usual_s):
                    self.beat()
                    beaten_at = time.monotonic()
                self.flush()
                pause_s = usual_s
            except RedisError as error:
                log.warning("heartbeat had no answer, trying again", error_type=type(error).__name__)
                pause_s = _PAUSE_AFTER_MISSED_BEAT_S
            except Exception as error:  # noqa: BLE001 - whatever it is, the leases MUST be renewed
                log.error("heartbeat failed, trying again", error=error)
                pause_s = _PAUSE_AFTER_MISSED_BEAT_S
