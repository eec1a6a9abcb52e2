"""The schedule: jobs whose time has not come wait in Redis, not in a worker, however long.

A sorted set holds their ids by due time, on Redis's own clock; the message of each is in its record. Any number of
schedulers may move what is due: the script claims and moves in one step.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from buffrsign.broker import keys
from buffrsign.broker.limits import LEASE
from buffrsign.broker.recovery import TakenBack
from buffrsign.broker.scripts import script

if TYPE_CHECKING:
    from redis import Redis

BATCH = 100
"""Jobs moved by one call: about 2 ms of Redis's time; others wait meanwhile."""

SERVER_TICK = timedelta(milliseconds=100)
"""How often a server with nothing else to do looks at its timers (`hz 10`, its default)."""

NAP = timedelta(milliseconds=10)
"""A job that becomes the earliest during a nap is this late at most."""


@dataclass(frozen=True)
class Promotion:
    """What one call moved. `next_due` is None when nothing is scheduled; `gone` are ids whose record was lost."""

    moved: int
    gone: tuple[str, ...]
    next_due: timedelta | None
    taken_back: TakenBack = field(default_factory=TakenBack)


class Schedule:
    """The schedule as its scheduler sees it."""

    def __init__(self, client: "Redis", *, lease: timedelta = LEASE) -> None:
        self._client = client
        self._lease_ms = lease // timedelta(milliseconds=1)
        self._promote = script(client, "promote")

    def promote(self) -> Promotion:
        """Move up to `BATCH` due jobs into their queues, the earliest first; take back what a dead worker held."""
        moved, gone, next_ms, taken_back = self._promote(args=[BATCH, self._lease_ms])
        return Promotion(
            moved=moved,
            gone=tuple(job_id.decode() for job_id in gone),
            taken_back=TakenBack(*taken_back),
            next_due=None if int(next_ms) < 0 else timedelta(milliseconds=int(next_ms)),
        )

    def wait(self, *, at_most: timedelta) -> None:
        """Sleep until a job becomes the earliest, or the time is over, or shortly before. One blocking command at most.

        An idle server ends a blocking command up to `SERVER_TICK` late, so the last stretch is slept in short naps.
        """
        if at_most > SERVER_TICK:
            self._client.blpop([keys.SCHEDULE_BELL], timeout=(at_most - SERVER_TICK).total_seconds())
        else:
            time.sleep(min(at_most, NAP).total_seconds())

    def size(self) -> int:
        """How many jobs are scheduled."""
        count: Any = self._client.zcard(keys.SCHEDULE)
        return int(count)
