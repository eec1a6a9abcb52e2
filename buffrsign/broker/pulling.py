"""How one job is taken without Celery: reserved by a holder of its own, read, and begun; or put where it belongs."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from redis.exceptions import RedisError

from buffrsign.broker import keys
from buffrsign.broker.bodies import Body, read_body
from buffrsign.broker.books import Leased
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Deliveries, Delivery
from buffrsign.broker.limits import LEASE, MAX_CRASHES
from buffrsign.broker.messages import Readable, Unreadable, queue_of, read
from buffrsign.broker.recovery import TakenBack
from buffrsign.broker.scripts import script
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger
from buffrsign.crypto import Cipher
from buffrsign.jobs import Job, KindUnknown, NewerVersion, PayloadRefused, decode

if TYPE_CHECKING:
    from redis import Redis

UNFIT_PAUSE = timedelta(seconds=15)
UNFIT_PATIENCE = timedelta(hours=1)
"""A job that only others can do waits so long, and is offered again; and, if nobody could in so long, it dies."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Pulled:
    """A job that was taken and has begun."""

    job: Job
    delivery: Delivery
    attempt: int
    alone: bool


class Intake:
    """Takes jobs from the broker, each under a holder of its own; `name` is the worker that records name."""

    def __init__(
        self,
        client: "Redis",
        *,
        lease: timedelta,
        name: str,
        cipher: Cipher | None = None,
        require_encrypted: bool = False,
    ) -> None:
        self.deliveries = Deliveries(client, cipher=cipher)
        self._cipher = cipher
        self._require_encrypted = require_encrypted
        self._lease_ms = lease // timedelta(milliseconds=1)
        # A reserve also judges how long the others may be silent, so it is told no lease longer than theirs.
        self._first_lease_ms = min(self._lease_ms, LEASE // timedelta(milliseconds=1))
        self._name = name
        self._reserve = script(client, "reserve")
        self._renew = script(client, "renew")
        self._leave = script(client, "leave")

    def reserve(self, queue: str) -> tuple[Leased | None, timedelta | None]:
        """At most one message; and how long until the next scheduled job is due, where one is scheduled.

        Raises:
            RedisError: no answer. What was taken all the same goes back, at the latest once its lease has run out.
        """
        holder = secrets.token_hex(8)
        leased = None
        try:
            reply: Any = self._reserve(args=[holder, self._first_lease_ms, 1, 1, 0, *keys.ready_lists(queue)])
            next_ms, alone, recovered, *items = reply
            TakenBack(*recovered).log()
            if items:
                lease, source, message = items
                leased = Leased(lease.decode(), source.decode(), message, alone=alone == b"1")
        finally:
            if leased is None:
                self.leave(holder)
        return leased, None if int(next_ms) < 0 else timedelta(milliseconds=int(next_ms))

    def begin(self, leased: Leased) -> Pulled | None:
        """The job of a message, begun; None where it is not one for us, and was put where it belongs.

        Raises:
            RedisError: no answer in 20 seconds.
        """
        pulled = None
        try:
            pulled = self._begin(leased)
            if pulled and self._lease_ms > self._first_lease_ms:
                self.renew(leased.lease)
        finally:
            if pulled is None:
                self.leave(holder_of(leased.lease))
        return pulled

    def renew(self, lease: str) -> tuple[bool, bool]:
        """Keep it for a whole lease from now: whether it was still held, and whether its job is asked to stop.

        Raises:
            RedisError: no answer.
        """
        reply: Any = self._renew(args=[holder_of(lease), self._lease_ms, 2, lease])
        held, _returned, stops, _ended, _taken_back = reply
        return bool(held), bool(stops)

    def leave(self, holder: str) -> bool:
        """What this holder still holds goes back to the head of its list. Whether there was anything.

        A broker that is away finds it out by itself, once the lease has run out.
        """
        try:
            return bool(self._leave(args=[holder]))
        except RedisError as error:
            log.warning("broker did not answer, a lease runs out by itself", error_type=type(error).__name__)
            return False

    def _begin(self, leased: Leased) -> Pulled | None:
        message = read(leased)
        if isinstance(message, Unreadable):
            unknown = Delivery(new_ulid(), "unknown", queue_of(leased.source), self._name, {}, leased.lease)
            self._bury(unknown, Reason.UNREADABLE, message.why)
            return None
        delivery = Delivery(message.job_id, message.kind, message.queue, self._name, {}, leased.lease)
        if self._waits_for_its_time(message, delivery, leased.source):
            return None
        body = read_body(message, self._cipher, require_encrypted=self._require_encrypted)
        if isinstance(body, Unreadable):
            self._bury(delivery, body.reason, body.why)
            return None
        job = self._job(delivery, body, leased.message)
        if job is None:
            return None
        return self._started(job, replace(delivery, request=body.request), alone=leased.alone)

    def _waits_for_its_time(self, message: Readable, delivery: Delivery, source: str) -> bool:
        """A stock producer may have given it a time that is to come: then it waits in the schedule now."""
        if message.due_ms is None:
            return False
        return self.deliveries.defer(delivery, until=message.due_ms, source=source) is not None

    def _job(self, delivery: Delivery, body: Body, raw: bytes) -> Job | None:
        """The contract; None where this release cannot read it, or must not do it."""
        if body.is_followed:
            self._leave_to_others(delivery, "a Celery worker must do it, as other tasks follow it", raw)
            return None
        try:
            return decode(delivery.kind, body.payload, job_id=delivery.job_id)
        except KindUnknown:
            self._leave_to_others(delivery, "no puller knows its kind", raw)
        except NewerVersion as newer:
            self.deliveries.defer(delivery, until=newer.delay, reason=str(newer))
            log.info("job left to a newer release", job_id=delivery.job_id, kind=delivery.kind)
        except PayloadRefused as refused:
            self._bury(delivery, Reason.REFUSED, str(refused))
        return None

    def _started(self, job: Job, delivery: Delivery, *, alone: bool) -> Pulled | None:
        match self.deliveries.begin(delivery):
            case Begun(crashes=crashes) if crashes >= MAX_CRASHES:
                why = f"it began {crashes} times in a process that never came back"
                self._bury(delivery, Reason.KILLER, why)
            case Begun(attempt=attempt):
                return Pulled(job, delivery, attempt, alone)
        return None  # it has ended, as one that was cancelled; or another delivery has it

    def _leave_to_others(self, delivery: Delivery, why: str, raw: bytes) -> None:
        deferred = self.deliveries.defer(delivery, until=UNFIT_PAUSE, reason=why)
        if deferred and deferred.so_far >= UNFIT_PATIENCE:
            unleased = replace(delivery, lease="")
            self._bury(unleased, Reason.UNKNOWN_TASK, f"{why}, and nobody did for an hour", raw)
        else:
            log.warning("job left to others", job_id=delivery.job_id, kind=delivery.kind, reason=why)

    def _bury(self, delivery: Delivery, reason: Reason, why: str, raw: bytes | None = None) -> None:
        self.deliveries.bury(delivery, reason=reason, error=why, message=raw)
        log.error("message became a dead letter", reason=reason.value, job_id=delivery.job_id, detail=why)


def holder_of(lease: str) -> str:
    """The holder that a lease belongs to."""
    return lease.partition(".")[0]
