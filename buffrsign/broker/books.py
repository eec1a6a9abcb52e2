"""What a holder knows of its jobs, and the words in which it is asked and answered; see `leases.py`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec


class Leased(msgspec.Struct, frozen=True):
    """One message as it was taken. `source` is its list, `alone`: nothing else may run in this process meanwhile.

    `begun`: the broker counted its start when it was taken.
    """

    lease: str
    source: str
    message: bytes
    alone: bool
    begun: bool = False


class Claim(msgspec.Struct, frozen=True):
    """A job that was begun for this process. `attempt` counts from 1; see `deliveries.Begun`."""

    attempt: int
    crashes: int


class GivenBack(Exception):
    """This process has the job no more, and must not run it."""


class End(msgspec.Struct, frozen=True):
    """A job that is done, to be told soon. `result` is JSON, `told` goes to who waits for it; both may be empty."""

    job_id: str
    kind: str
    queue: str
    lease: str
    outcome: str
    result: bytes
    told: bytes = b""


@dataclass(frozen=True)
class Reservation:
    """What one reserve answered. `next_due` is None when nothing is scheduled.

    `given` counts also those that were dropped, because their jobs had ended.
    """

    taken: tuple[Leased, ...]
    asked: int
    next_due: timedelta | None
    given: int


@dataclass(frozen=True)
class Ask:
    """A reserve that was asked for: its arguments, its leases' first number, and what it settles on the way."""

    arguments: tuple[Any, ...]
    first: int
    at_most: int
    settled: tuple[str, ...]
    ends: tuple[str, ...] = ()
    begins: bool = False


@dataclass
class Books:
    """What the holder knows, under one lock: acknowledgements come from other threads in some pools."""

    held: dict[str, str] = field(default_factory=dict)  # lease → job id
    acknowledged: dict[str, str] = field(default_factory=dict)
    asking: dict[int, Ask] = field(default_factory=dict)  # first number → what is not answered yet
    returned: dict[str, bool] = field(default_factory=dict)  # lease → only if it has not begun
    ends: dict[str, End] = field(default_factory=dict)  # lease → what is done and not written
    begun: dict[str, Claim] = field(default_factory=dict)  # lease → what nobody has claimed yet
    fresh: int = 0  # how many are settled since the last word to the broker
    first_fresh: float = 0.0
    next_number: int = 1
    answered_at: float = float("-inf")  # a reserve, last
    sure_from: float = float("-inf")  # until then, one that had no answer may still come to the broker

    @property
    def arrived_below(self) -> int:
        """Leases below this number have arrived, if ever they will. Each connection may have a reserve on its way."""
        return min(self.asking, default=self.next_number)

    @property
    def riding(self) -> set[str]:
        """Leases that are acknowledged, and on their way with a reserve."""
        return {lease for ask in self.asking.values() for lease in (*ask.settled, *ask.ends)}


def told(ends: Iterable[End]) -> list[str | bytes]:
    """As the scripts read them."""
    return [
        part for end in ends for part in (end.job_id, end.kind, end.queue, end.lease, end.outcome, end.result, end.told)
    ]
