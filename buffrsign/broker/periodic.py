"""Periodic work: which tick of a schedule is to be published now, so that none is lost and none is doubled.

A tick is one due time of one schedule, and a job whose id follows from both: whoever publishes it again is told
"duplicate". The next tick is published ahead of its time, so it starts even if nothing but the broker's own schedule
is watched then. The broker remembers the latest published tick of each schedule; a tick up to it is never published
again, however long ago its job was forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from celery.schedules import crontab

from buffrsign.broker.ticks import TickOf
from buffrsign.broker.timetable import Timetable, timetable_of
from buffrsign.core.clock import from_epoch_ms, to_epoch_ms
from buffrsign.jobs import Job, encode
from buffrsign.jobs.missed import Missed

WINDHOEK = ZoneInfo("Africa/Windhoek")
FIRST_TICK_AFTER = timedelta(seconds=1)
"""A schedule that nobody remembers begins no sooner, so that its first tick is published before it is due."""

_NAMESPACE = UUID("6f1c3a0e-53d5-4c0b-9a52-0b6f5f1d7c1e")


@dataclass(frozen=True)
class Periodic:
    """One schedule: a name for people, the job that each tick is, its times, and what follows when some were missed.

    `job` is a contract, or anything else that makes a job of a `job_id`. Its jobs have no key of their own: a job
    with the same key as yesterday's would be yesterday's, and never run.

    A tick was missed when it had not been published by its time: no beat was up since the tick before it.

    Raises:
        ValueError: the schedule is never due, the name is empty, or the job has a key.
        PayloadRefused: the job does not fit its contract.
    """

    name: str
    job: Callable[..., Job]
    schedule: crontab | timedelta
    missed: Missed
    zone: ZoneInfo = WINDHOEK

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a schedule needs a name: its ticks' ids are made from it")
        sample = self.tick_job(from_epoch_ms(0))
        encode(sample)
        if sample.key is not None:
            raise ValueError(f"{sample.kind} has a key, so only the first tick of {self.name!r} would ever run")
        _ = self.timetable

    @cached_property
    def timetable(self) -> Timetable:
        """When it is due."""
        return timetable_of(self.schedule, zone=self.zone)

    @cached_property
    def tick_of(self) -> TickOf:
        """How its ticks are published and remembered."""
        return TickOf(self.name, str(self.timetable), self.missed)

    def tick_job(self, due: datetime) -> Job:
        """The job of one tick; the same for everybody who makes it."""
        return self.job(job_id=self.tick_id(due))

    def tick_id(self, due: datetime) -> str:
        """The job id of one tick."""
        return str(uuid5(_NAMESPACE, f"{to_epoch_ms(due)} {self.name}"))

    def to_publish(self, *, last: datetime | None, now: datetime) -> datetime | None:
        """The tick to publish after `last`, the latest that was published; None when the next one is published already.

        Without a `last` the schedule begins now, and nothing was missed. Ask again after each, until there is none.
        """
        if last is None:
            return self.timetable.next_after(now + FIRST_TICK_AFTER)
        if last > now:
            return None
        following = self.timetable.next_after(last)
        if following > now or self.missed is Missed.RUN:
            return following
        if self.missed is Missed.SKIP:
            return self.timetable.next_after(now)
        return self.timetable.latest_until(now)
