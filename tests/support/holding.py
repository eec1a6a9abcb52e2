"""A holder that reserves jobs and then says nothing more, as one that was killed."""

from typing import Any

from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue


def reserve(client: Redis, holder: str, *, jobs: int, lease_ms: int, queue: Queue = Queue.MAINTENANCE) -> list[str]:
    """Take so many jobs by one lease each, 64 at once; the leases, in the order in which they were taken."""
    leases: list[str] = []
    while len(leases) < jobs:
        at_most = min(64, jobs - len(leases))
        answer: Any = script(client, "reserve")(
            args=[holder, lease_ms, at_most, len(leases) + 1, 0, *keys.ready_lists(queue)]
        )
        taken = [lease.decode() for lease in answer[3::3]]
        assert len(taken) == at_most, f"{at_most} jobs were wanted, and {len(taken)} were there"
        leases += taken
    return leases
