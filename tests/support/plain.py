"""Plain kombu on our transport, as any program may use it: no Celery, and tasks' messages made by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from kombu import Connection, Consumer, Producer, Queue
from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.consuming import leave_all
from tests.support.broker import TestBroker

QUEUE = "maintenance"
TRANSPORT = "buffrsign.broker.transport:Transport"


@contextmanager
def connected(broker: TestBroker, **options: Any) -> Iterator[Connection]:
    """A connection by our transport."""
    try:
        with Connection(broker.broker_url, transport=TRANSPORT, transport_options=options) as connection:
            yield connection
    finally:
        leave_all()  # a worker's process ends with its holder; this one goes on to the next test


def publish(connection: Connection, *, job_id: str = "", eta: datetime | None = None, **options: Any) -> str:
    """Publish one task's message, as Celery does, and return its job id."""
    job_id = job_id or str(uuid4())
    headers = {"task": "plain.task", "id": job_id, "eta": eta and eta.isoformat(), "retries": options.pop("retries", 0)}
    with connection.channel() as channel:
        Producer(channel).publish([[job_id], {}, {}], routing_key=QUEUE, headers=headers, serializer="json", **options)
    return job_id


class Taken:
    """A consumer that keeps what it gets, and acknowledges nothing by itself."""

    def __init__(self, connection: Connection, *, prefetch: int = 0, no_ack: bool = False) -> None:
        self.connection = connection
        self.messages: list[Any] = []
        self.channel = connection.channel()
        self.consumer = Consumer(
            self.channel, [Queue(QUEUE, no_declare=True)], on_message=self.messages.append, no_ack=no_ack
        )
        if prefetch:
            self.consumer.qos(prefetch_count=prefetch)
        self.consumer.consume()

    @property
    def job_ids(self) -> list[str]:
        """Whose messages came, in their order."""
        return [message.headers["id"] for message in self.messages]

    def drain(self, *, until: int | None = None) -> None:
        """Take what is there, until so many came in all; without a number, until a second brings nothing."""
        for _ in range(500):
            if until is not None and len(self.messages) >= until:
                return
            before = len(self.messages)
            try:
                self.connection.drain_events(timeout=1)
            except TimeoutError:
                if until is None and len(self.messages) == before:
                    return
        raise AssertionError(f"waited in vain for {until} messages, {len(self.messages)} came")


def holder_of(taken: Taken) -> Any:
    """Who holds what this consumer takes."""
    channel: Any = taken.channel
    return channel.holder


def held(client: "Redis") -> int:
    """How many messages are held, by whomever."""
    sizes: list[Any] = [client.hlen(key) for key in client.scan_iter(match=keys.HOLDER_PREFIX + "*")]
    return sum(sizes)


def waiting(client: "Redis") -> int:
    """How many messages wait in the queue's own list."""
    length: Any = client.llen(QUEUE)
    return int(length)
