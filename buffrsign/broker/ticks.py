"""The broker's memory of periodic work: the latest tick of each schedule that was published.

It moves on in the same step that accepts the tick's job (`publish.lua`), so the two never disagree: a tick up to it
is refused as a duplicate, however long ago its record was forgotten.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from buffrsign.broker.scripts import script
from buffrsign.core.clock import from_epoch_ms
from buffrsign.jobs.missed import Missed

if TYPE_CHECKING:
    from redis import Redis


@dataclass(frozen=True)
class TickOf:
    """What makes a job a tick: its schedule's name, the timetable that it follows, and what if it is missed."""

    schedule: str
    timetable: str
    missed: Missed


@dataclass(frozen=True)
class Remembered:
    """The broker's own time, and the latest published tick; None if nobody followed this timetable yet."""

    now: datetime
    last: datetime | None


class Ticks:
    """The memory, to be read."""

    def __init__(self, client: "Redis") -> None:
        self._tick = script(client, "tick")

    def read(self, tick_of: TickOf) -> Remembered:
        """Of one schedule. Another timetable's ticks do not count: whoever changes the times begins anew."""
        reply: Any = self._tick(args=[tick_of.schedule, tick_of.timetable])
        now_ms, last_ms = map(int, reply)
        return Remembered(from_epoch_ms(now_ms), from_epoch_ms(last_ms) if last_ms >= 0 else None)
