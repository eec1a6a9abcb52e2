"""Taking jobs without Celery: a service claims one job, does it, and settles it.

    with Puller("redis://broker.internal:6379/0") as puller:
        while claim := puller.claim(Queue.AUDIT, timeout=timedelta(seconds=30)):
            ...  # claim.job is the contract, decoded
            puller.settle(claim, outcome="copied")

It shares queues with workers: each job goes to one of them. A claim is a lease of its own, kept by `extend` and by
nothing else; where it runs out the job goes to another, and counts as a crash, as a worker's would. Chains and chords
are Celery's: a message that another task follows is left to the workers.

MUST: a claim is settled by the lease that it was given; whoever comes too late is told so, by `ClaimLost`.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from buffrsign.broker import keys
from buffrsign.broker.connection import connect, is_on_loopback
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Delivery
from buffrsign.broker.limits import LEASE
from buffrsign.broker.pulling import Intake, holder_of
from buffrsign.broker.records import State, read_status
from buffrsign.broker.scripts import script
from buffrsign.broker.unavailable import BrokerUnavailable, ask
from buffrsign.broker.waiting import Waiting, peek
from buffrsign.core.clock import Clock, utc_now
from buffrsign.core.errors import Permanent
from buffrsign.crypto import Cipher, refusal_of_plain
from buffrsign.jobs import Job, Queue

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["BrokerUnavailable", "Claim", "ClaimLost", "PullRefused", "Puller", "Waiting"]

SHORTEST_LEASE = timedelta(seconds=5)
"""Dead holders are looked for about every second; a shorter lease could not be told from a broker that was away."""

LONGEST_RETRY = timedelta(days=366)
LONGEST_WAIT = timedelta(seconds=1)
"""Who waits hears the queue's bell; and looks by himself this often, since stock producers ring none."""


class PullRefused(Permanent):
    """The call makes no sense; nothing was taken or settled."""


class ClaimLost(Permanent):
    """The claim's lease ran out, or was settled before. `state` is the job's now, None if it is forgotten."""

    def __init__(self, job_id: str, state: State | None) -> None:
        super().__init__(
            f"the claim of job {job_id} is no longer held, and the job is {state.value if state else 'forgotten'} now; "
            "what was done may be done again by another; extend claims in time, or take a longer lease="
        )
        self.job_id = job_id
        self.state = state


@dataclass(frozen=True)
class Claim:
    """One job that was taken. `attempt` counts from 1; `lease_until` is by this machine's clock, and never too late.

    `alone`: it ran before in a process that never came back, so nothing else should run beside it.
    `stop_asked`: somebody wants the job to stop; `extend` tells.
    """

    job: Job
    job_id: str
    attempt: int
    lease_until: datetime
    alone: bool
    delivery: Delivery
    stop_asked: bool = False


class Puller:
    """Claims jobs on one broker. Safe to share between threads; make a new one after a fork."""

    def __init__(
        self,
        url: str,
        *,
        lease: timedelta = LEASE,
        name: str = "",
        cipher: Cipher | None = None,
        require_encrypted: bool = False,
        allow_plain_payloads: bool = False,
        client: "Redis | None" = None,
        clock: Clock = utc_now,
    ) -> None:
        """Connect lazily, as `Producer`. `name` is whom records name as the worker; by default, this machine.

        `cipher` opens private payloads, and seals what is tried again. Those that come in clear are taken, too, unless
        `require_encrypted`: then they become dead letters.

        Raises:
            AddressRefused: the URL names no server.
            PullRefused: the lease is shorter than five seconds; or there is no cipher, the broker is not on loopback,
                and `allow_plain_payloads` does not say that payloads may be read there.
        """
        if why := refusal_of_plain(is_on_loopback=is_on_loopback(url), cipher=cipher, allowed=allow_plain_payloads):
            raise PullRefused(why)
        if lease < SHORTEST_LEASE:
            raise PullRefused(f"lease= must be at least {SHORTEST_LEASE.total_seconds():g} s, not {lease}")
        self._client = client or connect(url)
        self._lease = lease
        self._clock = clock
        self._cipher = cipher
        self._intake = Intake(
            self._client,
            lease=lease,
            name=name or f"puller@{socket.gethostname()}",
            cipher=cipher,
            require_encrypted=require_encrypted,
        )
        self._deliveries = self._intake.deliveries
        self._leave = script(self._client, "leave")
        self._open: dict[str, Claim] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back what was claimed and not settled, and the connections."""
        for claim in list(self._open.values()):
            self._intake.leave(holder_of(claim.delivery.lease))
        self._open.clear()
        self._client.close()

    # -- looking and taking ----------------------------------------------------------------------------------------

    def peek(self, queue: Queue | str, n: int = 10) -> list[Waiting]:
        """The next jobs of a queue, in the order in which they will be taken; nothing is taken.

        Raises:
            PullRefused: no queue has this name, or n is not from 1 to 1,000.
            BrokerUnavailable: no answer.
        """
        if not 1 <= n <= 1000:
            raise PullRefused(f"n must be from 1 to 1,000, not {n}")
        return ask(peek, self._client, _known(queue), n, self._cipher)

    def claim(self, queue: Queue | str, *, timeout: timedelta = timedelta(0)) -> Claim | None:
        """Take the next job, and wait for one at most so long. None: there was none.

        What cannot be done here never comes out: an unreadable message becomes a dead letter, and what a newer
        release or a Celery worker must do goes back to the schedule for a while.

        Raises:
            PullRefused: no queue has this name, or the timeout is negative.
            BrokerUnavailable: no answer. What was taken all the same goes to another once its lease has run out.
        """
        name = _known(queue)
        if timeout < timedelta(0):
            raise PullRefused(f"timeout= must not be negative, and is {timeout}")
        deadline = time.monotonic() + timeout.total_seconds()
        while True:
            until = self._clock() + self._lease
            leased, next_due = ask(self._intake.reserve, name)
            if leased and (pulled := ask(self._intake.begin, leased)):
                delivery = pulled.delivery
                claim = Claim(pulled.job, delivery.job_id, pulled.attempt, until, pulled.alone, delivery)
                self._open[delivery.lease] = claim
                return claim
            left = timedelta(seconds=deadline - time.monotonic())
            if not leased and left <= timedelta(0):
                return None
            if not leased:
                wait = min(left, LONGEST_WAIT, LONGEST_WAIT if next_due is None else next_due)
                ask(self._client.blpop, [keys.bell(name)], max(0.01, wait.total_seconds()))

    # -- keeping and settling --------------------------------------------------------------------------------------

    def extend(self, claim: Claim) -> Claim:
        """Keep a claim for another lease from now; the new claim says until when, and whether the job is to stop.

        Raises:
            ClaimLost, BrokerUnavailable: see `settle`.
        """
        until = self._clock() + self._lease
        held, stop_asked = ask(self._intake.renew, claim.delivery.lease)
        if not held:
            self._lost(claim)
        kept = replace(claim, lease_until=until, stop_asked=claim.stop_asked or stop_asked)
        self._open[claim.delivery.lease] = kept
        return kept

    def settle(self, claim: Claim, *, outcome: str, result: Mapping[str, Any] | None = None) -> None:
        """The job is done. `outcome` is one line without personal data; `result` is kept where its producer asked.

        Raises:
            ClaimLost: its lease ran out; nothing was settled.
            BrokerUnavailable: no answer in 20 seconds; settle again, as long as the lease lasts.
            PullRefused: the result is no JSON.
        """
        self._require(claim)
        try:
            ask(self._deliveries.finish, claim.delivery, outcome=outcome, result={"outcome": outcome, **(result or {})})
        except (TypeError, ValueError) as error:
            raise PullRefused(f"result= must be JSON: {error}") from error
        self._ended(claim)

    def fail(self, claim: Claim, error: str, *, retry_in: timedelta | None = None) -> None:
        """The job failed: it is tried again after `retry_in`, and without it becomes a dead letter. See `settle`."""
        if retry_in is not None and not timedelta(0) <= retry_in <= LONGEST_RETRY:
            raise PullRefused(f"retry_in= must be between 0 and {LONGEST_RETRY.days} days, not {retry_in}")
        self._require(claim)
        if retry_in is None:
            ask(self._deliveries.bury, claim.delivery, reason=Reason.PERMANENT, error=error)
        else:
            ask(self._deliveries.retry, claim.delivery, delay=retry_in, error=error)
        self._ended(claim)

    def give_back(self, claim: Claim) -> None:
        """Put the job back at the head of its queue, for another; no attempt is spent. See `settle`."""
        if not ask(self._leave, args=[holder_of(claim.delivery.lease)]):
            self._lost(claim)
        self._open.pop(claim.delivery.lease, None)

    def _require(self, claim: Claim) -> None:
        stop = ask(self._deliveries.report_progress, claim.delivery, "")
        if stop and stop.lost:
            self._lost(claim)

    def _lost(self, claim: Claim) -> NoReturn:
        self._open.pop(claim.delivery.lease, None)
        status = ask(read_status, self._client, claim.job_id)
        raise ClaimLost(claim.job_id, status.state if status else None)

    def _ended(self, claim: Claim) -> None:
        self._open.pop(claim.delivery.lease, None)
        self._intake.leave(holder_of(claim.delivery.lease))


def _known(queue: Queue | str) -> str:
    try:
        return Queue(queue).value
    except ValueError as error:
        raise PullRefused(f"no queue is called {queue!r}; there are: {', '.join(Queue)}") from error
