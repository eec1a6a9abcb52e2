"""Jobs by the thousand in any one state, brought there by the scripts that producers and workers use."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from buffrsign.broker import keys
from buffrsign.broker.bodies import Body, read_body
from buffrsign.broker.books import Leased
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Deliveries, Delivery
from buffrsign.broker.leases import MOST_AT_ONCE, Holder
from buffrsign.broker.messages import Readable, read
from buffrsign.broker.schedule import Schedule
from buffrsign.jobs import Job
from buffrsign.producer import Producer

if TYPE_CHECKING:
    from redis import Redis

LEASE = timedelta(minutes=10)
LATER = timedelta(days=1)
WORKER = "email@worker-1"
ERROR = "the mail server is away"

Told = Callable[[], None]
"""Called once for each job that is there."""


class Place(StrEnum):
    """Where a job can be. `DONE_LATE`: its first try failed, so it has been in the schedule before."""

    READY = "ready"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    RETRYING = "retrying"
    DONE = "done"
    DONE_LATE = "done late"
    DEAD = "dead"


class Stage:
    """One broker, and the worker that takes all of its jobs."""

    def __init__(self, client: "Redis") -> None:
        self._client = client
        self._producer = Producer("redis://127.0.0.1", client=client)
        self._holder = Holder(client, lease=LEASE)
        self._deliveries = Deliveries(client)

    def bring(self, jobs: Iterable[Job], place: Place, told: Told = lambda: None) -> None:
        """Bring so many more jobs to this place."""
        delay = LATER if place is Place.SCHEDULED else None
        for batch in _batches(jobs):
            for job in batch:
                self._producer.enqueue(job, delay=delay)
            if delay is None and place is not Place.READY:
                self._work(batch, place)
            for _ in batch:
                told()

    def _work(self, batch: list[Job], place: Place) -> None:
        for delivery in self._begin(batch):
            match place:
                case Place.RETRYING:
                    self._deliveries.retry(delivery, delay=LATER, error=ERROR)
                case Place.DONE:
                    self._deliveries.finish(delivery, outcome="sent", result=None)
                case Place.DONE_LATE:
                    self._deliveries.retry(delivery, delay=timedelta(0), error=ERROR)
                case Place.DEAD:
                    self._deliveries.bury(delivery, reason=Reason.ATTEMPTS, error=ERROR)
        if place is Place.DONE_LATE:
            Schedule(self._client).promote()
            self._work(batch, Place.DONE)

    def _begin(self, batch: list[Job]) -> Iterator[Delivery]:
        queue = batch[0].destination.value
        taken = self._holder.reserve(keys.ready_lists(queue), at_most=len(batch)).taken
        assert len(taken) == len(batch), "a measurement of other jobs than were meant is void"  # noqa: S101
        for leased in taken:
            delivery = _delivery(leased)
            begun = self._deliveries.begin(delivery)
            assert isinstance(begun, Begun), "this broker has jobs of somebody else"  # noqa: S101
            yield delivery
            self._holder.settled_elsewhere(leased.lease)

    def close(self) -> None:
        """Give back what is held, and end its heartbeat."""
        self._holder.leave()


def _delivery(leased: Leased) -> Delivery:
    message = read(leased)
    assert isinstance(message, Readable), "our own messages can be read"  # noqa: S101
    body = read_body(message)
    assert isinstance(body, Body), "our own messages have a body"  # noqa: S101
    return Delivery(message.job_id, message.kind, message.queue, WORKER, body.request, leased.lease)


def _batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    batch: list[Job] = []
    for job in jobs:
        batch.append(job)
        if len(batch) == MOST_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
