"""A worker's side of the broker by hand: take a message from its queue as Celery would, and settle it."""

import json
from typing import Any

from redis import Redis

from buffrsign.broker.bodies import body_of
from buffrsign.broker.deliveries import Delivery
from buffrsign.jobs import Queue

WORKER = "maintenance@test"


def pop(client: Redis, queue: Queue = Queue.MAINTENANCE) -> bytes | None:
    """The next message of a queue, or None."""
    message: Any = client.rpop(queue.value)
    return message  # type: ignore[no-any-return]


def give_back(client: Redis, message: bytes, queue: Queue = Queue.MAINTENANCE) -> None:
    """Put a message that was taken back where the next worker takes it, as kombu does when its worker has died."""
    client.rpush(queue.value, message)


def read(message: bytes, *, worker: str = WORKER) -> Delivery:
    """The message as a task sees it: Celery's request context has the headers, the arguments and what follows."""
    envelope = json.loads(message)
    headers = envelope["headers"]
    args, kwargs, follows = json.loads(body_of(envelope))
    return Delivery(
        job_id=headers["id"],
        kind=headers["task"],
        queue=envelope["properties"]["delivery_info"]["routing_key"],
        worker=worker,
        request={**headers, **follows, "args": args, "kwargs": kwargs},
    )


def take(client: Redis, queue: Queue = Queue.MAINTENANCE, *, worker: str = WORKER) -> Delivery:
    """The next delivery of a queue, which must not be empty."""
    message = pop(client, queue)
    assert message is not None, f"the queue {queue.value} is empty"
    return read(message, worker=worker)
