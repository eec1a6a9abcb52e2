"""What a worker tells the broker of a job it was given: begun, done, postponed, dead.

Each is one script over the job's record, so a record never disagrees with the schedule or the dead letters. The
message itself is acknowledged by the transport afterwards: a crash in between repeats the delivery, and `begin` then
answers `Ended`, so the work is not done again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.envelope import next_message, retries_before
from buffrsign.broker.records import ENDED_TTL, WAITING_TTL, State
from buffrsign.broker.scripts import script

if TYPE_CHECKING:
    from redis import Redis

_ERROR_MAX_CHARACTERS = 500


@dataclass(frozen=True)
class Delivery:
    """One message as it came to one worker. `request` is Celery's request context as a mapping."""

    job_id: str
    kind: str
    queue: str
    worker: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Begun:
    """The job is ours. `attempt` counts from 1; `crashes` are starts before this one whose process never came back."""

    attempt: int
    crashes: int


@dataclass(frozen=True)
class Ended:
    """This delivery needs nothing more: the job was done, cancelled or buried before it.

    A `state` that is not final says that the delivery is the repeat of one whose worker died after it had scheduled
    the job's next try, and before it had acknowledged the message: that try has the job now.
    """

    state: State
    result: dict[str, Any] | None


class Deliveries:
    """The broker as a worker sees it."""

    def __init__(self, client: "Redis") -> None:
        self._begin = script(client, "begin")
        self._finish = script(client, "finish")
        self._postpone = script(client, "postpone")
        self._bury = script(client, "bury")

    def begin(self, delivery: Delivery) -> Begun | Ended:
        """Count the start in the broker and mark the job as running, unless it has ended already."""
        reply: Any = self._begin(
            keys=[keys.record(delivery.job_id)],
            args=[
                delivery.kind,
                delivery.queue,
                delivery.worker,
                _seconds(WAITING_TTL),
                retries_before(delivery.request),
            ],
        )
        state, result, *counts = reply
        starts, failures, postponed = map(int, counts)
        if starts == 0:
            return Ended(State(state.decode()), msgspec.json.decode(result) if result else None)
        return Begun(attempt=starts - postponed, crashes=starts - 1 - failures - postponed)

    def finish(self, delivery: Delivery, *, outcome: str, result: Mapping[str, Any]) -> None:
        """Mark the job as done. `outcome` is one line without personal data; `result` is kept if asked for."""
        self._finish(
            keys=[keys.record(delivery.job_id), keys.SCHEDULE],
            args=[
                outcome,
                _seconds(ENDED_TTL),
                msgspec.json.encode(result),
                delivery.job_id,
                delivery.kind,
                delivery.queue,
            ],
        )

    def retry(self, delivery: Delivery, *, delay: timedelta, error: str) -> None:
        """Put the job back into the schedule after a failure."""
        self._back_to_schedule(delivery, delay, "failures", error)

    def postpone(self, delivery: Delivery, *, delay: timedelta, reason: str) -> None:
        """Put the job back into the schedule because it is too early; no attempt is spent."""
        self._back_to_schedule(delivery, delay, "postponed", reason)

    def bury(self, delivery: Delivery, *, reason: Reason, error: str, message: bytes | None = None) -> None:
        """Make the job a dead letter. `message` is what came, where that cannot be told from the request."""
        self._bury(
            keys=[keys.record(delivery.job_id), keys.DEAD_LETTERS, keys.dead_letter(delivery.job_id), keys.SCHEDULE],
            args=[
                delivery.job_id,
                delivery.kind,
                delivery.queue,
                reason.value,
                error[:_ERROR_MAX_CHARACTERS],
                delivery.worker,
                _last_message(delivery) if message is None else message,
                _seconds(ENDED_TTL),
            ],
        )

    def _back_to_schedule(self, delivery: Delivery, delay: timedelta, counter: str, why: str) -> None:
        self._postpone(
            keys=[keys.record(delivery.job_id), keys.SCHEDULE, keys.SCHEDULE_BELL],
            args=[
                delivery.job_id,
                next_message(delivery.request, queue=delivery.queue),
                delay // timedelta(milliseconds=1),
                counter,
                why[:_ERROR_MAX_CHARACTERS],
                retries_before(delivery.request),
                delivery.kind,
                delivery.queue,
            ],
        )


def _last_message(delivery: Delivery) -> bytes:
    try:
        return next_message(delivery.request, queue=delivery.queue)
    except RecursionError:
        return b""  # arguments that could just be read, and are nested too deeply to be written


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
