"""What every task shares: `@task(Contract)`, and the one table of endings.

| the task …                  | what follows                                                                     |
|-----------------------------|----------------------------------------------------------------------------------|
| returns                     | done                                                                             |
| raises `Transient`          | back to the schedule, with backoff and jitter; after its attempts, a dead letter |
| raises `Permanent`          | a dead letter, now                                                               |
| raises `InDoubt`            | a dead letter, now, that says so; `buffrsign mail uncertain` brings it back      |
| raises `NotYet(delay)`      | back to the schedule; no attempt is spent                                        |
| raises anything else        | a fault of ours: as `Transient`, and logged as an error                          |
| is stopped (`running.py`)   | cancelled                                                                        |
| is killed with its process  | delivered again, alone; the third time, a dead letter                            |

The job's new state is written in the same step that ends its lease, so that a job which ended is not delivered again.
If the broker is away, it is waited for; after that, the job is given back.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from celery import Task, shared_task
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded
from redis.exceptions import RedisError

from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Delivery, Ended, Lost, lease_of
from buffrsign.broker.limits import MAX_CRASHES
from buffrsign.broker.records import State
from buffrsign.core.errors import InDoubt, NotYet, Permanent, Transient
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import bind, get_logger
from buffrsign.jobs import Job, PayloadRefused, decode
from config.celery import HARD_LIMIT_GRACE, SOFT_LIMITS
from config.logging import describe
from config.services import Services, services
from tasks.limits import Limits, limited
from tasks.running import Stopped, running

FIRST_BACKOFF = timedelta(seconds=2)
LONGEST_BACKOFF = timedelta(hours=1)
_ENOUGH_DOUBLINGS = 20  # makes an hour of 4 ms; a timedelta overflows after some 45

_RETURNED = "returned"

log = get_logger(__name__)

JobT = TypeVar("JobT", bound=Job)


@dataclass(frozen=True)
class Done:
    """What a task says when it ends well: one line for people, and data for whoever waits. No personal data."""

    outcome: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def result(self) -> dict[str, Any]:
        """What a caller of `Handle.result` gets."""
        return {"outcome": self.outcome, **self.data}


class DeadLetterMade(Exception):
    """Tells Celery, and so Flower, that the job failed for good. The dead letter says why."""


def task(
    contract: type[JobT],
    *,
    attempts: int = 8,
    first_backoff: timedelta = FIRST_BACKOFF,
    light: bool = False,
    settle_at_once: bool = False,
) -> Callable[[Callable[[JobT, Services], Done]], "ContractTask"]:
    """Register a function as the task of a contract; it stays callable as `.run(job, services)`.

    `light`: workers with the pool `solo` run it without Celery's request and tracer; see `workers/light.py`.
    `settle_at_once`: its end is told at once and not with others, which matters where a run must not be repeated.
    """

    def register(function: Callable[[JobT, Services], Done]) -> ContractTask:
        soft_limit = SOFT_LIMITS[contract.queue]
        registered: ContractTask = shared_task(
            name=contract.kind,
            base=ContractTask,
            attempts=attempts,
            first_backoff=first_backoff,
            soft_time_limit=int(soft_limit.total_seconds()),
            time_limit=int((soft_limit + HARD_LIMIT_GRACE).total_seconds()),
            throws=(DeadLetterMade,),
            light=light,
            settle_at_once=settle_at_once,
        )(function)
        return registered

    return register


class _guarded:  # noqa: N801 - used like a function; see `bind` in `buffrsign/core/logs.py`
    """What the table says of a job that cannot be settled, and of one that was stopped; its log lines name the job."""

    __slots__ = ("_bound", "_delivery", "_process")

    def __init__(self, delivery: Delivery, process: Services, **fields: object) -> None:
        self._delivery, self._process = delivery, process
        self._bound = bind(job_id=delivery.job_id, kind=delivery.kind, **fields)

    def __enter__(self) -> None:
        self._bound.__enter__()

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is None:
            self._bound.__exit__()
            return
        try:
            if isinstance(error, RedisError | SoftTimeLimitExceeded):
                log.warning("job given back, it could not be settled", error_type=type(error).__name__)
                raise Reject("the job could not be settled", requeue=True) from error
            if isinstance(error, Stopped):
                log.info("job stopped", lost=error.lost)
                if not error.lost:
                    self._process.deliveries.stopped(self._delivery, reason="it was stopped")
                raise Ignore from None
        finally:
            self._bound.__exit__()


class RecordedTask(Task):  # type: ignore[type-arg]
    """The base of every Celery task here, also of those that are no contract's, such as Celery's own."""

    abstract = True
    Request = "tasks.request:JobRequest"
    Strategy = "tasks.strategy:strategy"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Called by Celery's tracer, with the arguments of the message."""
        delivery = self._delivery()
        if delivery is None:
            return self.run(*args, **kwargs)  # called as a function
        process = services()
        with _guarded(delivery, process):
            return self._perform(delivery, args, kwargs, process)

    def _perform(self, delivery: Delivery, args: tuple[Any, ...], kwargs: dict[str, Any], process: Services) -> Any:
        """A plain task: it runs once at a time, its crashes are counted, and its record says how it ended."""
        match process.deliveries.begin(delivery):
            case Lost():
                log.warning("delivery ignored, its lease had run out")
                raise Ignore  # so that Celery acknowledges it, and goes on with no chain
            case Ended(state, handed_on):
                log.info("delivery ignored", state=state.value)
                if handed_on is None or _RETURNED not in handed_on:
                    raise Ignore
                return handed_on[_RETURNED]
        try:
            with running(delivery, process.deliveries), limited(delivery, self._limits(delivery)):
                result = self.run(*args, **kwargs)
        except (Ignore, Retry, Reject, RedisError, SoftTimeLimitExceeded):
            raise  # Celery's own endings, and a retry that it has published
        except Exception as error:
            process.deliveries.failed(delivery, error=describe(error))
            raise
        process.deliveries.finish(delivery, outcome="returned", result=None, handed_on=_handed_on(result))
        return result

    def _limits(self, delivery: Delivery) -> Limits:
        """Soft and hard: the message's, or else the task's."""
        hard_s, soft_s = delivery.request.get("timelimit") or (None, None)
        return soft_s or self.soft_time_limit, hard_s or self.time_limit

    def _delivery(self) -> Delivery | None:
        request: Any = self.request
        if request.called_directly or request.is_eager:
            return None
        return Delivery(
            job_id=request.id if request.id.isascii() else new_ulid(),  # Redis keys are ASCII here
            kind=self.name,
            queue=request.delivery_info["routing_key"],
            worker=request.hostname,
            request=vars(request),
            # Whoever acknowledges early gives up the lease before the task begins.
            lease=lease_of(request.properties.get("delivery_tag")) if self.acks_late else "",
        )


class ContractTask(RecordedTask):
    """A Celery task whose one argument is the payload of a contract."""

    abstract = True
    typing = False  # Celery would compare a call's arguments with (job, services)
    attempts: int
    first_backoff: timedelta
    light: bool
    settle_at_once: bool

    def _perform(
        self, delivery: Delivery, args: tuple[Any, ...], kwargs: dict[str, Any], process: Services
    ) -> dict[str, Any]:
        match process.deliveries.begin(delivery):
            case Lost():
                log.warning("delivery ignored, its lease had run out")
                raise Ignore
            case Ended(state, result):
                log.info("delivery ignored", state=state.value)
                if state is not State.DONE:
                    raise Ignore  # so that Celery acknowledges it, and goes on with no chain
                return result or {"outcome": "it was done before"}
            case Begun() as begun:
                with bind(attempt=begun.attempt):
                    return self._go_on(delivery, payload_of(args, kwargs), begun, process)

    def run_begun(self, delivery: Delivery, begun: Begun, payload: object) -> dict[str, Any]:
        """Run a job that has begun, without Celery. It ends as in the table, and by the same exceptions."""
        process = services()
        with _guarded(delivery, process, attempt=begun.attempt):
            return self._go_on(delivery, payload, begun, process)

    def _go_on(self, delivery: Delivery, payload: object, begun: Begun, process: Services) -> dict[str, Any]:
        if begun.crashes >= MAX_CRASHES:
            reason = f"it began {begun.crashes} times in a process that never came back"
            self._bury(delivery, Reason.KILLER, reason, process)
        return self._attempt(delivery, payload, begun.attempt, process)

    def _attempt(self, delivery: Delivery, payload: object, attempt: int, process: Services) -> dict[str, Any]:
        try:
            job = decode(delivery.kind, payload, job_id=delivery.job_id)
            with (
                bind(**_subject(job)),
                running(delivery, process.deliveries),
                limited(delivery, self._limits(delivery)),
            ):
                done: Done = self.run(job, process)
                result = done.result
                msgspec.json.encode(result)  # one that cannot be kept is a fault, and must be told before the end
        except NotYet as early:
            process.deliveries.postpone(delivery, delay=early.delay, reason=describe(early))
            log.info("job postponed", reason=describe(early))
            raise Retry(describe(early), when=process.clock() + early.delay) from None
        except PayloadRefused as refused:
            self._bury(delivery, Reason.REFUSED, str(refused), process)
        except InDoubt as doubt:
            self._bury(delivery, Reason.UNCERTAIN, describe(doubt), process)
        except Permanent as error:
            self._bury(delivery, Reason.PERMANENT, describe(error), process)
        except (Transient, RedisError) as error:
            self._retry(delivery, error, attempt, process)
        except Exception as error:  # noqa: BLE001 - the table's "anything else"
            log.error("task failed unexpectedly", error=error)
            self._retry(delivery, error, attempt, process)
        process.deliveries.finish(
            delivery, outcome=done.outcome, result=result, handed_on=result, at_once=self.settle_at_once
        )
        log.info("job done", outcome=done.outcome)
        return result

    def _retry(self, delivery: Delivery, error: Exception, attempt: int, process: Services) -> None:
        if attempt >= self.attempts:
            self._bury(delivery, Reason.ATTEMPTS, f"after {attempt} attempts: {describe(error)}", process)
        jitter = random.random()  # noqa: S311 - spreads load, guards nothing
        delay = wait_after(error, attempt, first=self.first_backoff, jitter=jitter)
        process.deliveries.retry(delivery, delay=delay, error=describe(error))
        log.warning("job will be tried again", error=describe(error), delay_s=round(delay.total_seconds(), 1))
        raise Retry(describe(error), when=process.clock() + delay) from None

    def _bury(self, delivery: Delivery, reason: Reason, error: str, process: Services) -> None:
        process.deliveries.bury(delivery, reason=reason, error=error)
        log.error("job became a dead letter", reason=reason.value, detail=error)
        raise DeadLetterMade(f"{reason.value}: {error}") from None


def _handed_on(result: object) -> dict[str, Any]:
    """What a plain task returned, for what follows it; nothing where it cannot be written."""
    try:
        return {_RETURNED: msgspec.to_builtins(result)}
    except TypeError:
        return {}


def backoff(attempt: int, *, first: timedelta, jitter: float) -> timedelta:
    """How long after this attempt the next one starts: doubling, bounded, and spread over half to all of it."""
    doublings = min(attempt - 1, _ENOUGH_DOUBLINGS)
    longest: timedelta = min(first * 2**doublings, LONGEST_BACKOFF)
    return longest * (0.5 + jitter / 2)


def wait_after(error: Exception, attempt: int, *, first: timedelta, jitter: float) -> timedelta:
    """The backoff, or longer where the error knows that sooner cannot help."""
    wait = backoff(attempt, first=first, jitter=jitter)
    if isinstance(error, Transient) and error.retry_after is not None:
        return max(wait, error.retry_after)
    return wait


def _subject(job: Job) -> dict[str, object]:
    """The document that a job is about, for its log lines."""
    document_id = getattr(job, "document_id", None)
    return {} if document_id is None else {"document_id": document_id}


def payload_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """The one argument; stock producers may also spell the payload's fields as keyword arguments."""
    if len(args) == 1 and not kwargs:
        return args[0]
    return kwargs if not args else [*args, kwargs]
