"""When periodic work is due: at crontab times of a wall clock, or at every multiple of a step since 1970 began in UTC.

A timetable has no memory and no start, so everybody who asks finds the same ticks. Where a zone moves its clocks, a
time of day that does not exist is due as long after midnight as on any other day, and one that exists twice is due the
first time (RFC 5545, 3.3.5). A crontab of every hour is due in every hour that passes: in both of a doubled one, and
not for a missing one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from celery.schedules import crontab

SHORTEST_STEP = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_LONGEST_SEARCH_DAYS = 366 * 41
"""The 29th of February falls on a given weekday every 28 years, and once every 40 where a century has no leap year."""


class NeverDue(ValueError):
    """No day matches: such as a 31st of February."""


@dataclass(frozen=True)
class Timetable:
    """The ticks of one crontab or step; the fields of a crontab must all match, as in Celery."""

    zone: ZoneInfo
    step: timedelta | None = None
    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()

    def next_after(self, moment: datetime) -> datetime:
        """The first tick later than this moment, in UTC."""
        if self.step:
            return _EPOCH + ((moment - _EPOCH) // self.step + 1) * self.step
        yesterday = moment.astimezone(self.zone).date() - _DAY
        for day in _days_from(yesterday, _DAY):
            later = [tick for tick in _ticks_around(self, day) if tick > moment]
            if later:
                return min(later)
        raise NeverDue(f"no tick of {self} was found after {moment.isoformat()}")

    def latest_until(self, moment: datetime) -> datetime:
        """The last tick at this moment or before it, in UTC."""
        if self.step:
            return _EPOCH + (moment - _EPOCH) // self.step * self.step
        tomorrow = moment.astimezone(self.zone).date() + _DAY
        for day in _days_from(tomorrow, -_DAY):
            earlier = [tick for tick in _ticks_around(self, day) if tick <= moment]
            if earlier:
                return max(earlier)
        raise NeverDue(f"no tick of {self} was found before {moment.isoformat()}")

    def __str__(self) -> str:
        """The same text for the same ticks, however they were written."""
        if self.step:
            return f"every {self.step}"
        fields = (
            (self.minutes, range(60)),
            (self.hours, range(24)),
            (self.days, range(1, 32)),
            (self.months, range(1, 13)),
            (self.weekdays, range(7)),
        )
        return " ".join([*(_spelled(chosen, all_) for chosen, all_ in fields), self.zone.key])


def timetable_of(schedule: crontab | timedelta, *, zone: ZoneInfo) -> Timetable:
    """The timetable of what `config/periodic.py` states.

    Raises:
        NeverDue: a crontab without a day, or a step under `SHORTEST_STEP`.
    """
    if isinstance(schedule, timedelta):
        if schedule < SHORTEST_STEP:
            raise NeverDue(f"periodic work is due every {SHORTEST_STEP} at most, not every {schedule}")
        return Timetable(zone, step=schedule)
    fields: Any = schedule  # celery-types does not know what a crontab holds
    timetable = Timetable(
        zone,
        minutes=frozenset(fields.minute),
        hours=frozenset(fields.hour),
        days=frozenset(fields.day_of_month),
        months=frozenset(fields.month_of_year),
        weekdays=frozenset(fields.day_of_week),
    )
    timetable.next_after(_EPOCH)
    return timetable


def _days_from(day: date, by: timedelta) -> Iterator[date]:
    for _ in range(_LONGEST_SEARCH_DAYS):
        yield day
        day += by


def _ticks_around(timetable: Timetable, day: date) -> tuple[datetime, ...]:
    """Those of a day and of its neighbours: where clocks move at midnight, a tick may leave its day."""
    return tuple(tick for near in (day - _DAY, day, day + _DAY) for tick in _ticks_on(timetable, near))


@lru_cache(maxsize=64)
def _ticks_on(timetable: Timetable, day: date) -> tuple[datetime, ...]:
    if (
        day.day not in timetable.days
        or day.month not in timetable.months
        or day.isoweekday() % 7 not in timetable.weekdays
    ):
        return ()
    walls = [datetime.combine(day, time(hour, minute)) for hour in timetable.hours for minute in timetable.minutes]
    return tuple(moment for wall in walls for moment in _moments_of(wall, timetable))


def _moments_of(wall: datetime, timetable: Timetable) -> set[datetime]:
    """When a clock of the zone shows this time: once, as a rule."""
    if len(timetable.hours) < 24:
        return {wall.replace(tzinfo=timetable.zone).astimezone(UTC)}
    twice = {wall.replace(tzinfo=timetable.zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return {moment for moment in twice if moment.astimezone(timetable.zone).replace(tzinfo=None, fold=0) == wall}


def _spelled(chosen: frozenset[int], all_: range) -> str:
    return "*" if len(chosen) == len(all_) else ",".join(map(str, sorted(chosen)))
