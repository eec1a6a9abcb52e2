"""A worker as the broker sees it: it takes jobs, and lets their leases go."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue

LEASE_MS = 60_000


class Taken(NamedTuple):
    """One job that was given out."""

    lease: str
    job_id: str
    tenant: str


class Taker:
    """Takes jobs of one queue, or of some, under one holder."""

    def __init__(self, client: Redis, *, holder: str = "taker", queues: Iterable[Queue] = (Queue.MAINTENANCE,)) -> None:
        self._client, self._holder = client, holder
        self._lists = [keys.ready_list(queue, step) for step in keys.PRIORITY_STEPS for queue in queues]
        self._next = 1
        self.next_ms = -1

    def take(self, at_most: int = 64) -> list[Taken]:
        """What one reserve gives. `next_ms` says when there may be more."""
        answer: Any = script(self._client, "reserve")(
            args=[self._holder, LEASE_MS, at_most, self._next, 0, *self._lists]
        )
        self._next += at_most
        self.next_ms = int(answer[0])
        return [self._read(lease, message) for lease, message in zip(answer[3::3], answer[5::3], strict=True)]

    def take_all(self, at_a_time: int = 64) -> list[Taken]:
        """What is given until there is nothing more; each is let go before the next are taken."""
        everything: list[Taken] = []
        while some := self.take(at_a_time):
            everything += some
            self.let_go(some)
        return everything

    def let_go(self, taken: Iterable[Taken]) -> None:
        """These are done."""
        pairs = [part for each in taken for part in (each.lease, each.job_id)]
        script(self._client, "settle")(args=[len(pairs) // 2, *pairs])

    def give_back(self, taken: Iterable[Taken]) -> None:
        """These go back to the head of their lists."""
        script(self._client, "settle")(args=[0, *(each.lease for each in reversed(list(taken)))])

    def _read(self, lease: bytes, message: bytes) -> Taken:
        headers = json.loads(message)["headers"]
        return Taken(lease.decode(), headers["id"], headers.get("tenant", ""))
