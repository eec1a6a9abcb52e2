"""What tests of producers ask of a queue, and give to it."""

import json
from typing import Any

from redis import Redis

from buffrsign.jobs.maintenance import Canary


def waiting(client: Redis, queue: str = "maintenance") -> list[str]:
    """The ids of the jobs in a queue's list, in the order in which they will be taken."""
    messages: Any = client.lrange(queue, 0, -1)
    return [json.loads(message)["headers"]["id"] for message in reversed(messages)]


def canaries(count: int) -> list[Canary]:
    """So many jobs without a key."""
    return [Canary() for _ in range(count)]
