"""Deliveries of a process that takes its jobs and runs them itself: most of what it tells rides with the next reserve.

Its jobs were begun by the step that gave them to it, so `begin` asks nobody; and `finish` waits for company, unless the
job's effect must not be repeated: a process that is killed before it has told runs such a job once more. A child of the
process that took the job has no part in this, and tells the broker itself.
"""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from buffrsign.broker.books import Claim, End, GivenBack
from buffrsign.broker.consuming import holder_with
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Deliveries, Delivery, Ended, Lost, is_followed
from buffrsign.broker.leases import Holder


class LocalDeliveries(Deliveries):
    """See `Deliveries`."""

    def begin(self, delivery: Delivery) -> Begun | Ended | Lost:
        """As everywhere; and without a question, where the job was begun when it was taken."""
        holder = holder_with(delivery.lease)
        if holder is None:
            return super().begin(delivery)
        try:
            claim = holder.claim(delivery.lease)
        except GivenBack:
            return Lost()
        return super().begin(delivery) if claim is None else begun(claim)

    def finish(
        self,
        delivery: Delivery,
        *,
        outcome: str,
        result: Mapping[str, Any] | None,
        handed_on: Mapping[str, Any] | None = None,
        at_once: bool = False,
    ) -> None:
        """As everywhere; soon, unless `at_once`, or in a pool of threads, whose event loop may sleep meanwhile."""
        holder = holder_with(delivery.lease)
        if holder is None or is_followed(delivery):
            super().finish(delivery, outcome=outcome, result=result, handed_on=handed_on)
        elif at_once or threading.current_thread() is not threading.main_thread():
            super().finish(delivery, outcome=outcome, result=result)
            holder.settled_elsewhere(delivery.lease)
        else:
            holder.end(end_of(delivery, outcome=outcome, result=result))

    def _back_to_schedule(self, delivery: Delivery, delay: timedelta, state: Any, why: str) -> None:
        super()._back_to_schedule(delivery, delay, state, why)
        _settled(delivery)

    def bury(self, delivery: Delivery, *, reason: Reason, error: str, message: bytes | None = None) -> None:
        """As everywhere."""
        super().bury(delivery, reason=reason, error=error, message=message)
        _settled(delivery)

    def stopped(self, delivery: Delivery, *, reason: str) -> None:
        """As everywhere."""
        super().stopped(delivery, reason=reason)
        _settled(delivery)


def begun(claim: Claim) -> Begun:
    """What the reserve answered."""
    return Begun(attempt=claim.attempt, crashes=claim.crashes)


def end_of(delivery: Delivery, *, outcome: str, result: Mapping[str, Any] | None) -> End:
    """How a job that is done is told."""
    encoded = b"" if result is None else msgspec.json.encode(result)
    return End(delivery.job_id, delivery.kind, delivery.queue, delivery.lease, outcome, encoded)


def _settled(delivery: Delivery) -> None:
    holder: Holder | None = holder_with(delivery.lease)
    if holder:
        holder.settled_elsewhere(delivery.lease)
