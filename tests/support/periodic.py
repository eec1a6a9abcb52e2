"""A model of the broker for beats: what it accepted, what it remembers, and a clock that moves only when told to.

Fates can befall a beat before and after each of its commands: its death, a lost answer, or a pause in which another
beat does its rounds and the broker forgets the jobs that ended.
"""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from buffrsign import BrokerUnavailable, Handle
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.periodic import Periodic
from buffrsign.broker.ticks import Remembered, TickOf
from buffrsign.core.errors import BuffrSignError
from buffrsign.jobs import Job
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.missed import Missed
from workers.beat import Beat

Answer = TypeVar("Answer")

EVERY_SECOND = Periodic("answer every second", Canary, timedelta(seconds=1), Missed.RUN)
"""A schedule that a test need not wait an hour for; `tests/support/beating.py` is its beat."""


class Died(BuffrSignError):
    """The beat's process is gone."""


class ModelBroker:
    """One broker with one schedule; it is the ticks and the producer of its beats at once."""

    def __init__(self, now: datetime, periodic: Periodic) -> None:
        self.now = now
        self.accepted: list[datetime] = []
        self._periodic = periodic
        self._last: datetime | None = None
        self._records: dict[str, datetime] = {}
        self._fates: list[str] = []
        self._pause = timedelta(0)

    def beat(self) -> Beat:
        """A beat on this broker."""
        model: Any = self
        return Beat([self._periodic], ticks=model, producer=model)

    def befall(self, fates: list[str], pause: timedelta) -> None:
        """What befalls the coming commands, one fate before and one after each; a pause is this long."""
        self._fates, self._pause = list(reversed(fates)), pause

    def advance(self, by: timedelta) -> None:
        """Let time pass; a job's record goes a day after its time."""
        self.now += by
        self._records = {job_id: due for job_id, due in self._records.items() if due + ENDED_TTL > self.now}

    def read(self, _tick_of: TickOf) -> Remembered:
        """As `Ticks.read`."""
        return self._answer(Remembered(self.now, self._last))

    def enqueue(self, job: Job, *, at: datetime, tick_of: TickOf) -> Handle:
        """As `Producer.enqueue`: one step, with the refusal of ticks that have been."""
        assert tick_of == self._periodic.tick_of
        self._meet_fate()
        known = at <= (self._last or self.now)
        if not known:
            self._last = at
            known = job.job_id in self._records
        if not known:
            self._records[job.job_id] = at
            self.accepted.append(at)
        model: Any = self
        return self._answer(Handle(job.job_id, duplicate=known, producer=model))

    def status(self, _job_id: str) -> None:
        """As `Producer.status` of a job whose record is gone."""
        return

    def _answer(self, answer: Answer) -> Answer:
        self._meet_fate()
        return answer

    def _meet_fate(self) -> None:
        match self._fates.pop() if self._fates else "goes on":
            case "dies":
                raise Died("the beat was killed")
            case "is cut off":
                raise BrokerUnavailable("the connection is gone")
            case "is overtaken":
                fates, self._fates = self._fates, []
                self.beat().round()
                self.advance(self._pause)
                self.beat().round()
                self._fates = fates
