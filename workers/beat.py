"""Beat publishes the ticks of periodic work: `celery -A workers.app beat`. Any number may run; none leads.

Every beat publishes every tick, and the broker takes each once. The memory is the broker's (`broker/periodic.py`), so
a beat that is killed at any point is just restarted. A broker that is away is waited for.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery.beat import Scheduler
from redis.exceptions import RedisError

from buffrsign import BrokerUnavailable, Producer
from buffrsign.broker.periodic import Periodic
from buffrsign.broker.ticks import Remembered, Ticks
from buffrsign.core.errors import Permanent
from buffrsign.core.logs import get_logger
from buffrsign.jobs.missed import Missed
from config.periodic import PERIODIC
from config.services import services
from workers.health import stop_if_unfit

LONGEST_WAIT = timedelta(seconds=30)
PAUSE_AFTER_ERROR = timedelta(seconds=1)

log = get_logger(__name__)


class Beat:
    """Keeps the next tick of every schedule published."""

    def __init__(self, schedules: Sequence[Periodic], *, ticks: Ticks, producer: Producer) -> None:
        self._schedules = schedules
        self._ticks = ticks
        self._producer = producer

    def round(self) -> timedelta:
        """Publish what is to be published now; how long it is until there may be more."""
        return min([LONGEST_WAIT, *(self._until_next(periodic) for periodic in self._schedules)])

    def _until_next(self, periodic: Periodic) -> timedelta:
        try:
            seen = self._keep_ahead(periodic)
        except (BrokerUnavailable, RedisError) as error:
            log.warning("tick not published yet, trying again", schedule=periodic.name, error_type=type(error).__name__)
            return PAUSE_AFTER_ERROR
        except Permanent as error:
            log.error("tick refused", schedule=periodic.name, detail=str(error))
            return LONGEST_WAIT
        return seen.last - seen.now if seen.last else LONGEST_WAIT

    def _keep_ahead(self, periodic: Periodic) -> Remembered:
        seen = self._ticks.read(periodic.tick_of)
        while (due := periodic.to_publish(last=seen.last, now=seen.now)) is not None:
            if self._is_stood_for(periodic, due, seen):
                due = periodic.timetable.next_after(seen.now)
            self._publish(periodic, due, now=seen.now)
            seen = self._ticks.read(periodic.tick_of)
        return seen

    def _publish(self, periodic: Periodic, due: datetime, *, now: datetime) -> None:
        handle = self._producer.enqueue(periodic.tick_job(due), at=due, tick_of=periodic.tick_of)
        if not handle.duplicate:
            log.info("tick published", schedule=periodic.name, due=due, job_id=handle.job_id, missed=due <= now)

    def _is_stood_for(self, periodic: Periodic, due: datetime, seen: Remembered) -> bool:
        """Whether the tick before the missed ones ran so late that it ran for them; one that still waits gives way."""
        if periodic.missed is not Missed.ONCE or seen.last is None or due > seen.now:
            return False
        before = periodic.tick_id(seen.last)
        status = self._producer.status(before)
        if status is None:
            return False
        if status.started_at is None:
            self._producer.cancel(before)
            return False
        return status.started_at >= due


class PeriodicScheduler(Scheduler):
    """Our beat inside Celery's: its command, its signals and its answer to `celery inspect ping` stay."""

    schedules: Sequence[Periodic] = PERIODIC
    max_interval = LONGEST_WAIT // timedelta(seconds=1)

    def setup_schedule(self) -> None:
        """Check the broker, and connect lazily."""
        stop_if_unfit(services().settings)
        self._beat = Beat(self.schedules, ticks=Ticks(services().broker), producer=services().producer)

    def tick(self, *_unused: Any, **_unused_too: Any) -> float:
        """Do a round; the seconds until the next."""
        return max(0.0, self._beat.round().total_seconds())

    @property
    def info(self) -> str:
        """For beat's banner."""
        return "\n".join(f"    . {periodic.name} -> {periodic.timetable}" for periodic in self.schedules)
