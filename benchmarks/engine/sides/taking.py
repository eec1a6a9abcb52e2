"""What a job weighs once it is taken, and once it is rejected, for the engines that speak kombu.

Runs in a process of its own: what is taken is given back, or its lease runs out, when the process ends.
"""

from collections.abc import Callable
from typing import Any

from kombu import Connection


def weigh_taken(
    url: str, queue: str, count: int, *, used_bytes: Callable[[], float], transport: str | None, rejecting: bool
) -> dict[str, float]:
    """By how many bytes each of so many jobs grows when it is taken; and then, when it becomes a dead letter."""
    with Connection(url, transport=transport) as connection:
        channel: Any = connection.channel()
        channel.basic_get(queue)
        before = used_bytes()
        messages: list[Any] = [channel.basic_get(queue) for _ in range(count)]
        taken = used_bytes()
        answer = {"leased": (taken - before) / count}
        if rejecting:
            for message in messages:
                channel.basic_reject(message.delivery_tag, requeue=False)
            answer["dead"] = (used_bytes() - taken) / count
    return answer


def used_memory(client: Any) -> float:
    """`used_memory`, without the buffers of clients and of the file."""
    facts = client.info("memory")
    return float(facts["used_memory"] - facts["mem_clients_normal"] - facts.get("mem_aof_buffer", 0))
