"""What a worker tells the broker of a job it was given: begun, done, postponed, dead.

Each is one script over the job's record, its lease, the schedule and the dead letters, so they never disagree. Each may
be told twice: where the answer is lost, it is told again until it is known to be so, or patience ends.
"""

import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.envelope import next_message, retries_before
from buffrsign.broker.records import State
from buffrsign.broker.scripts import script
from buffrsign.broker.unavailable import will_pass
from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.logs import get_logger
from buffrsign.crypto import Cipher

if TYPE_CHECKING:
    from redis import Redis

PATIENCE = timedelta(seconds=20)
"""How long a broker that is away is asked again what a job's end needs, before the job is given back instead."""

_PAUSE_S = 0.1
_ERROR_MAX_CHARACTERS = 500

log = get_logger(__name__)

_FOLLOWING = ("chain", "chord", "callbacks")
_LEASE = re.compile(r"[0-9a-f]{16}\.\d+")


class Delivery(msgspec.Struct, frozen=True):
    """One message as it came to one worker. `request` is Celery's request context as a mapping.

    `lease` is empty where kombu's own transport delivered it.
    """

    job_id: str
    kind: str
    queue: str
    worker: str
    request: Mapping[str, Any]
    lease: str = ""


class Begun(msgspec.Struct, frozen=True):
    """The job is ours. `attempt` counts from 1; `crashes` are starts before this one whose process never came back."""

    attempt: int
    crashes: int


class Ended(msgspec.Struct, frozen=True):
    """This delivery needs nothing more: the job was done, cancelled or buried before it.

    A `state` that is not final says that another delivery has the job: one that runs now, or the next try.
    """

    state: State
    result: dict[str, Any] | None


class Lost(msgspec.Struct, frozen=True):
    """This delivery came too late: its lease ran out before the task could begin, and another has the job."""


class Stop(msgspec.Struct, frozen=True):
    """Somebody asked that the running job stops. `lost`: another delivery has it now, which is reason enough."""

    lost: bool


class Deferred(msgspec.Struct, frozen=True):
    """The message waits in the schedule, and has been deferred, again and again, for so long."""

    so_far: timedelta


class Deliveries:
    """The broker as a worker sees it."""

    def __init__(self, client: "Redis", *, patience: timedelta = PATIENCE, cipher: Cipher | None = None) -> None:
        self._client = client
        self._cipher = cipher  # of the messages that are written anew: another try's, and what a request told
        self._patience_s = patience.total_seconds()
        self._scripts: dict[str, Any] = {}

    def begin(self, delivery: Delivery) -> Begun | Ended | Lost:
        """Count the start in the broker and mark the job as running, unless this delivery must not run it."""
        answer, *rest = self._ask(
            "begin",
            delivery,
            delivery.worker,
            retries_before(delivery.request),
            _expiry_ms(delivery.request),
            "1" if delivery.request.get("ignore_result") is False else "0",
        )
        match answer:
            case b"begun":
                _nothing, starts, postponed, crashes = rest
                return Begun(attempt=starts - postponed, crashes=crashes)
            case b"lost":
                return Lost()
        [result] = rest
        return Ended(State(answer.decode()), msgspec.json.decode(result) if result else None)

    def finish(
        self,
        delivery: Delivery,
        *,
        outcome: str,
        result: Mapping[str, Any] | None,
        handed_on: Mapping[str, Any] | None = None,
        at_once: bool = False,  # noqa: ARG002 - here it always is; see `local.py`
    ) -> None:
        """Mark the job as done. `outcome` is one line without personal data; `result` is kept if asked for.

        A plain Celery task's result is None: Celery keeps it, in the same record. `handed_on` is what `begin` answers
        to a repeat, where a chain or a chord goes on from here.
        """
        goes_on = delivery.lease and is_followed(delivery)
        encoded = (
            b"" if part is None else msgspec.json.encode(part)
            for part in (result, (handed_on or {}) if goes_on else None)
        )
        self._ask("finish", delivery, outcome, *encoded)

    def retry(self, delivery: Delivery, *, delay: timedelta, error: str) -> None:
        """Put the job back into the schedule after a failure."""
        self._back_to_schedule(delivery, delay, State.RETRYING, error)

    def postpone(self, delivery: Delivery, *, delay: timedelta, reason: str) -> None:
        """Put the job back into the schedule because it is too early; no attempt is spent."""
        self._back_to_schedule(delivery, delay, State.SCHEDULED, reason)

    def bury(self, delivery: Delivery, *, reason: Reason, error: str, message: bytes | None = None) -> None:
        """Make the job a dead letter. `message` is what came, where that is neither leased nor told by the request."""
        if message is None:
            message = b"" if delivery.lease else self._last_message(delivery)
        self._ask("bury", delivery, reason.value, error[:_ERROR_MAX_CHARACTERS], delivery.worker, message)

    def _back_to_schedule(self, delivery: Delivery, delay: timedelta, state: State, why: str) -> None:
        self._ask(
            "postpone",
            delivery,
            next_message(delivery.request, queue=delivery.queue, cipher=self._cipher),
            _ms(delay),
            state.value,
            why[:_ERROR_MAX_CHARACTERS],
            retries_before(delivery.request),
        )

    def defer(
        self,
        delivery: Delivery,
        *,
        until: timedelta | int,
        reason: str = "",
        source: str = "",
        message: bytes = b"",
    ) -> Deferred | None:
        """Let a message wait in the schedule as it came; no attempt is spent. None if it is due, or not ours any more.

        `until` is a delay, or a time in ms since 1970; `source` is the list it came from, where that is not its queue;
        `message` is what came, where it was not leased.
        """
        due_ms, delay_ms = ("", _ms(until)) if isinstance(until, timedelta) else (until, 0)
        for_ms = self._ask("defer", delivery, message, due_ms, delay_ms, reason, source or delivery.queue)
        return None if for_ms < 0 else Deferred(timedelta(milliseconds=for_ms))

    def crashed(self, lease: str, *, why: str) -> str:
        """Say that the process which ran this lease's job is gone. Answers what follows: see `crashed.lua`."""
        answer: bytes = self._call("crashed", lease, why)
        return answer.decode()

    def report_progress(self, delivery: Delivery, progress: str) -> Stop | None:
        """Keep how far the job is (JSON; '' keeps nothing), and learn whether it is to stop."""
        answer = self._call("progress", delivery.job_id, delivery.lease, progress)
        return Stop(lost=answer == b"lost") if answer else None

    def stopped(self, delivery: Delivery, *, reason: str) -> None:
        """The job was stopped or revoked, because somebody asked for it."""
        self._ask("end", delivery, State.CANCELLED.value, reason)

    def failed(self, delivery: Delivery, *, error: str) -> None:
        """A plain Celery task failed; Celery keeps no message of it, and so there is no dead letter."""
        self._ask("end", delivery, State.DEAD.value, error[:_ERROR_MAX_CHARACTERS])

    def _last_message(self, delivery: Delivery) -> bytes:
        try:
            return next_message(delivery.request, queue=delivery.queue, cipher=self._cipher)
        except RecursionError:
            return b""  # arguments that could just be read, and are nested too deeply to be written

    def _ask(self, name: str, delivery: Delivery, *arguments: Any) -> Any:
        return self._call(name, delivery.job_id, delivery.kind, delivery.queue, delivery.lease, *arguments)

    def _call(self, name: str, *arguments: Any) -> Any:
        """Run a script, again and again while the broker is away: a job whose end is unknown would run twice."""
        if name not in self._scripts:
            self._scripts[name] = script(self._client, name)
        from redis.exceptions import RedisError  # noqa: PLC0415 - see `connection.py`

        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return self._scripts[name](args=arguments)
            except RedisError as error:
                if time.monotonic() >= deadline or not will_pass(error):
                    raise
                log.warning("broker did not answer, asking again", step=name, error_type=type(error).__name__)
                time.sleep(_PAUSE_S)


def is_followed(delivery: Delivery) -> bool:
    """Whether Celery goes on from this job, with a chain, a chord or a callback."""
    return any(delivery.request.get(name) for name in _FOLLOWING)


def lease_of(delivery_tag: object) -> str:
    """The lease that a delivery tag names, or '' where it is one of kombu's own."""
    return delivery_tag if isinstance(delivery_tag, str) and _LEASE.fullmatch(delivery_tag) else ""


def _expiry_ms(request: Mapping[str, Any]) -> int | str:
    """When the message says that it expires, which only stock producers do; ours say it in the record."""
    expires = request.get("expires")
    try:
        return to_epoch_ms(datetime.fromisoformat(expires)) if expires else ""
    except (TypeError, ValueError):
        return ""


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
