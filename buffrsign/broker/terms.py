"""The terms on which jobs are accepted: when they run, until when, what follows if their time was missed."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.ticks import TickOf
from buffrsign.broker.unavailable import BrokerUnavailable
from buffrsign.core.clock import Clock, to_epoch_ms
from buffrsign.core.errors import Permanent
from buffrsign.jobs.missed import Missed
from buffrsign.jobs.priority import Priority

MAX_DELAY = timedelta(days=366 * 5)

_TENANT = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_LIMIT = re.compile(r"[a-z_]{1,32}:[A-Za-z0-9_.@-]{1,64}")
_LIMITED_ANYWAY = ("kind:", "tenant:")
_SHOWN_CHARACTERS = 80


class QueueFull(BrokerUnavailable):
    """Its queue has as many ready jobs as are allowed; nothing was published."""


class EnqueueRefused(Permanent):
    """The job or the call is not acceptable; nothing was published."""


class BulkTerms(TypedDict, total=False):
    """What may be said of the jobs of one call; see `Producer.enqueue`."""

    delay: timedelta | None
    at: datetime | None
    expires: timedelta | None
    missed: Missed
    series: str
    keep_result: bool
    key_window: timedelta
    priority: Priority
    tenant: str
    limited_by: str


class JobTerms(BulkTerms, total=False):
    """What may be said of one job; see `Producer.enqueue`."""

    tick_of: TickOf | None


@dataclass(frozen=True)
class Terms:
    """The same, as the scripts take it: times in ms, and '' for what was not said."""

    delay_ms: int = 0
    due_ms: str = ""
    expires_ms: str = ""
    missed: str = ""
    series: str = ""
    keeps_result: bool = False
    window_s: str = ""
    tick_of: TickOf | None = None
    priority: int = 0
    tenant: str = ""
    limited_by: str = ""

    @property
    def may_wait(self) -> bool:
        """Whether the jobs are given a time. It may be over already: only the broker knows what time it is."""
        return self.delay_ms > 0 or self.due_ms != ""


_NOW = Terms()


def read_terms(clock: Clock, **said: Unpack[JobTerms]) -> Terms:
    """What was said, checked.

    Raises:
        EnqueueRefused: a time makes no sense, a series has no name, or a tenant or limit is no id.
    """
    if not said:
        return _NOW
    delay_ms, due_ms = when(said.get("delay"), said.get("at"), now=clock())
    missed, series, tick_of = said.get("missed", Missed.RUN), said.get("series", ""), said.get("tick_of")
    if tick_of is not None:
        missed, series = tick_of.missed, tick_of.schedule
    if missed is Missed.ONCE and not series:
        raise EnqueueRefused("missed=Missed.ONCE needs series=, the name that the jobs share")
    expires, window = said.get("expires"), said.get("key_window", ENDED_TTL)
    return Terms(
        delay_ms=delay_ms,
        due_ms=due_ms,
        expires_ms="" if expires is None else str(ms_of(expires, name="expires")),
        missed="" if missed is Missed.RUN else missed.value,
        series=series,
        keeps_result=said.get("keep_result", False),
        window_s="" if window == ENDED_TTL else str(ms_of(window, name="key_window") // 1000),
        tick_of=tick_of,
        priority=_priority(said.get("priority", Priority.NORMAL)),
        tenant=_named(_TENANT, said.get("tenant", ""), name="tenant", example="acme-7"),
        limited_by=_limited_by(said.get("limited_by", "")),
    )


def _priority(said: int) -> int:
    if said not in list(Priority):
        steps = ", ".join(f"{each.value} ({each.name})" for each in Priority)
        raise EnqueueRefused(f"priority= must be one of {steps}, not {said!r}")
    return int(said)


def _limited_by(said: str) -> str:
    if said.startswith(_LIMITED_ANYWAY):
        raise EnqueueRefused(
            f"limited_by={said!r} is needless: a job is under the limits of its kind and its tenant anyway"
        )
    return _named(_LIMIT, said, name="limited_by", example="provider:gmail")


def _named(pattern: re.Pattern[str], said: str, *, name: str, example: str) -> str:
    """An id, or '' for none: it lies in the broker in clear, and in the names of its keys."""
    if said and not pattern.fullmatch(said):
        shown = said if len(said) <= _SHOWN_CHARACTERS else f"{said[:_SHOWN_CHARACTERS]}… ({len(said):,} characters)"
        raise EnqueueRefused(
            f"{name}= must be a short id such as {example!r}, and say nothing of a person, not {shown!r}"
        )
    return said


def ms_of(duration: timedelta, *, name: str) -> int:
    """A duration in ms. Raises EnqueueRefused if it is negative or longer than five years."""
    if not timedelta(0) <= duration <= MAX_DELAY:
        raise EnqueueRefused(f"{name}= must be between 0 and {MAX_DELAY.days} days, not {duration}")
    return duration // timedelta(milliseconds=1)


def when(delay: timedelta | None, at: datetime | None, *, now: datetime) -> tuple[int, str]:
    """When a job is due, as the broker takes it: a delay in ms, and a time in ms since 1970 or nothing.

    Raises:
        EnqueueRefused: see `Producer.enqueue`.
    """
    if delay is not None and at is not None:
        raise EnqueueRefused("give delay= or at=, not both")
    if at is not None:
        return 0, str(_epoch_ms_of(at, now=now))
    if delay is None:
        return 0, ""
    return ms_of(delay, name="delay"), ""


def delay_of(seconds: float) -> timedelta:
    """A loose delay. Raises EnqueueRefused if it is no number of seconds."""
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError, TypeError) as error:
        raise EnqueueRefused(f"the delay must be a number of seconds, not {seconds!r}") from error


def _epoch_ms_of(at: datetime, *, now: datetime) -> int:
    try:
        due_ms = to_epoch_ms(at)
    except ValueError as error:
        raise EnqueueRefused(f"at= must be aware: {error}") from error
    if at - now > MAX_DELAY:
        raise EnqueueRefused(f"at= must be at most {MAX_DELAY.days} days away, not {at.isoformat()}")
    return due_ms
