"""One producing service of the chaos run: `python -m tests.chaos.produce --seed 1 --rate 50`, until SIGTERM.

It enqueues, takes back, and asks for the same keyed effect again. What the broker did not answer, it asks for again
with the same job, as callers are told to. It writes "accepted" only after it was told so.
"""

import argparse
import heapq
import os
import random
import signal
import time
from pathlib import Path

from amqp.exceptions import AMQPError
from celery import Celery
from kombu import Exchange
from kombu import Queue as KombuQueue
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from buffrsign import Handle, Producer
from buffrsign.broker.address import read_address, sentinel_settings
from buffrsign.crypto import Cipher
from buffrsign.jobs import encode
from buffrsign.producer import BrokerUnavailable
from tests.chaos.inventory import QUEUES
from tests.chaos.ledger import Accepted, Cancelled, Doubtful, Ledger, now
from tests.chaos.workload import BULK, MIXED, KeyedEffect, Order, Shape, order, the_same_again

PATIENCE_S = 30.0
PAUSE_S = 0.1
BACKLOG = 3000
"""With more than this many ready jobs, a producer waits: the run is about faults, not about a queue of hours."""


class PlainCaller:
    """What a service does that sends plain Celery tasks: until it is told that it was sent, it sends again."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.stopping = False

    def place(self, order: Order) -> None:
        """Send it; nothing can be taken back."""
        from tests.chaos.plain import send

        job = order.job
        deadline = now() + PATIENCE_S
        while not self.stopping and now() < deadline:
            try:
                send(order)
            except (OperationalError, OSError, AMQPError):
                time.sleep(PAUSE_S)
                continue
            about = {"job": job.job_id, "subject": job.subject, "shape": order.shape.value}
            self._ledger.write(Accepted(at=now(), doomed=job.doomed, **about))
            return
        self._ledger.write(Doubtful(at=now(), job=job.job_id, subject=job.subject))

    def cancel_due(self) -> None:
        """Nothing is."""


class Caller:
    """What a service does that enqueues jobs."""

    def __init__(self, producer: Producer, stranger: Celery, ledger: Ledger, dice: random.Random) -> None:
        self._producer = producer
        self._stranger = stranger
        self._ledger = ledger
        self._dice = dice
        self._to_cancel: list[tuple[float, Order]] = []
        self.stopping = False
        self.accepted = 0

    def place(self, order: Order) -> None:
        """Enqueue, and perhaps the same effect again; remember when to take it back."""
        if order.foreign:
            self._send_as_a_stranger(order)
            return
        if self._insist(order) is None:
            return
        if isinstance(order.job, KeyedEffect) and self._dice.random() < 0.3:
            self._insist(Order(the_same_again(order.job), order.shape))
        if order.cancel_after_s is not None:
            heapq.heappush(self._to_cancel, (now() + order.cancel_after_s, order))

    def cancel_due(self) -> None:
        """Take back what is to be taken back by now."""
        while self._to_cancel and self._to_cancel[0][0] <= now():
            _, order = heapq.heappop(self._to_cancel)
            try:
                heard = self._producer.cancel(order.job.job_id, running=order.stops)
                sure = not order.stops  # one that runs may yet end before it hears of it
            except BrokerUnavailable:
                heard, sure = True, False
            if heard:
                about = {"job": order.job.job_id, "subject": order.job.subject}
                self._ledger.write(Cancelled(at=now(), sure=sure, **about))

    def _send_as_a_stranger(self, order: Order) -> None:
        """As a service does that knows Celery, and not us: no record, and a time that only the message tells."""
        job = order.job
        about = {"job": job.job_id, "subject": job.subject}
        try:
            self._stranger.send_task(
                job.kind,
                args=[encode(job)],
                task_id=job.job_id,
                countdown=order.delay.total_seconds() if order.delay else None,
                queue=job.queue.value,
                retry=False,
            )
        except (OperationalError, OSError, RedisError):
            self._ledger.write(Doubtful(at=now(), **about))
        else:
            self._ledger.write(Accepted(at=now(), shape=order.shape.value, doomed=False, **about))

    def _insist(self, order: Order) -> Handle | None:
        job = order.job
        deadline = now() + PATIENCE_S
        while True:
            try:
                handle = self._producer.enqueue(
                    job,
                    delay=order.delay,
                    keep_result=order.keep_result,
                    tenant=order.tenant,
                    priority=order.priority,
                    limited_by=order.limited_by,
                )
            except BrokerUnavailable:
                if self.stopping or now() > deadline:
                    self._ledger.write(Doubtful(at=now(), job=job.job_id, subject=job.subject))
                    return None
                time.sleep(PAUSE_S)
                continue
            self._ledger.write(
                Accepted(
                    at=now(),
                    job=handle.job_id,
                    subject=job.subject,
                    shape=order.shape.value,
                    doomed=order.shape is Shape.DOOMED,
                )
            )
            self.accepted += not handle.duplicate
            return handle


def main() -> None:
    """Place orders at the rate until told to stop, or until there are enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="jobs a second")
    parser.add_argument("--jobs", type=int, default=0, help="how many; 0: until SIGTERM")
    parser.add_argument("--bulk", action="store_true", help="mostly quick jobs")
    parser.add_argument("--plain", action="store_true", help="plain Celery tasks on CHAOS_BROKER")
    options = parser.parse_args()
    dice = random.Random(options.seed)  # noqa: S311 - a repeatable run
    ledger = Ledger(Path(os.environ["CHAOS_LEDGER"]))
    url = os.environ["BUFFRSIGN_BROKER_URL"]
    keys = os.environ.get("BUFFRSIGN_PAYLOAD_KEYS")
    cipher = Cipher.read(keys) if keys else None
    producer = Producer(url, key_secret=os.environ["BUFFRSIGN_JOB_KEY_SECRET"], cipher=cipher)
    caller = PlainCaller(ledger) if options.plain else Caller(producer, _stranger(url), ledger, dice)
    signal.signal(signal.SIGTERM, lambda *_: setattr(caller, "stopping", True))
    mix = BULK if options.bulk else MIXED
    placed = 0
    slot = now()
    while not caller.stopping and not (options.jobs and placed >= options.jobs):
        caller.place(order(dice, mix))
        caller.cancel_due()
        placed += 1
        slot = max(slot + dice.expovariate(options.rate), now() - 1.0)
        if (wait := slot - now()) > 0:
            time.sleep(wait)
        if placed % 50 == 0 and isinstance(caller, Caller):
            _wait_for_room(caller, producer._client)


def _stranger(url: str) -> Celery:
    """A stock Celery application that knows the names of queues and nothing else."""
    address = read_address(url)
    stranger = Celery("stranger", broker=address.url_without_options())
    stranger.conf.task_queues = [KombuQueue(name, Exchange(""), routing_key=name) for name in QUEUES]
    stranger.conf.task_ignore_result = True
    if address.is_sentinel:
        asked = sentinel_settings(address, timeout_s=5)
        stranger.conf.broker_transport_options = {"master_name": address.master_name, "sentinel_kwargs": asked}
    return stranger


def _wait_for_room(caller: Caller, client: Redis) -> None:
    while not caller.stopping:
        caller.cancel_due()
        try:
            ready = sum(int(str(client.llen(queue))) for queue in QUEUES)
        except RedisError:
            ready = BACKLOG
        if ready < BACKLOG:
            return
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
