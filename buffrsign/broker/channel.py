"""How a channel takes messages by lease. Mixed into kombu's plain and its sentinel channel, see `transport.py`.

Two commands take turns on the channel's blocking connection: `reserve` while there is work, and else a wait for the
bells of its queues, which also ends after a second, to find what a stock producer pushed without ringing; or after
three, where nothing has come for a while.
"""
# ruff: noqa: SLF001 - kombu's own names; a test lists them, and fails when an upgrade changes one

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty
from typing import Any, cast

from redis.exceptions import NoScriptError, RedisError, ResponseError

from buffrsign.broker import keys
from buffrsign.broker.books import Ask, Leased, Reservation
from buffrsign.broker.consuming import celery_is_stopping, holder_of, running_leases
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.broker.leases import MOST_AT_ONCE, Holder
from buffrsign.broker.limits import LEASE
from buffrsign.broker.messages import (
    Readable,
    Unreadable,
    job_id_of,
    kind_of,
    queue_of,
    read,
)
from buffrsign.broker.publishing import PublishingChannel
from buffrsign.broker.qos import QoS
from buffrsign.broker.scripts import digest, script, source
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger

LONGEST_WAIT_S = 1.0
LONGEST_QUIET_WAIT_S = 3.0
QUIET_AFTER_S = 10.0

LONGEST_BATCH_S = 0.1
"""Where tasks run in this process, it takes as many jobs at once as it expects to run in this time."""

_PAUSE_AFTER_REFUSAL_S = 1.0
"""A server that answers, but refuses scripts for now (its disk is full), is asked again after this."""

_PURGED_AT_ONCE = 1000

log = get_logger(__name__)


@dataclass(frozen=True)
class _Asked:
    """What is outstanding on the blocking connection: a wait for bells, or a `reserve`."""

    command: str
    reserve: Ask | None = None


class LeasingChannel(PublishingChannel):
    """What our channels do otherwise than kombu's."""

    QoS = QoS
    lease_s = LEASE.total_seconds()
    supports_batch_publish = False
    holder_address: tuple[object, ...] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._asked: _Asked | None = None
        self._idle = False
        self._wait_s = LONGEST_WAIT_S
        self._given_at = time.monotonic()
        self._resume_at = 0.0
        self._without_acks: set[str] = set()  # queues whose consumer acknowledges nothing, such as replies
        self._taken: dict[str, Leased] = {}
        self._alone: Leased | None = None
        self._alone_started = False
        self.fitting = 1  # how many jobs as quick as the last ones make a batch
        self.begins_as = ""  # the worker's name, if tasks run in this process: then jobs are begun as they are taken
        self.asks_ahead = False  # whether a batch is over when it was handed over, so that its pace can be told
        self.run_here: Callable[[Leased], bool] | None = None  # runs a light job at once; False if it is none
        super().__init__(*args, **kwargs)

    @property
    def holder(self) -> Holder:
        """This process's leases on this broker. They outlive the channel."""
        return holder_of(self, lease=timedelta(seconds=self.lease_s))

    @property
    def deliveries(self) -> Deliveries:
        """For what is settled here, before Celery sees it. Asked once only: the event loop must not wait."""
        return Deliveries(self.holder.client, patience=timedelta(0))

    # -- asking ----------------------------------------------------------------------------------------------------

    def _brpop_start(self, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if all(queue in self._without_acks for queue in queues):
            super()._brpop_start(timeout)
            return
        if time.monotonic() < self._resume_at:
            return
        if self._asked:
            self._give_up_asking()  # kombu dropped the connection, because the answer was overdue
        if self._idle:
            bells = [keys.bell(queue) for queue in queues]
            self._asked, command = _Asked("BLPOP"), ["BLPOP", *bells, self._wait_s]
        else:
            command = self._reserve(queues, self.qos.room())
        self._send(command)

    def _reserve(self, queues: Iterable[str], at_most: int) -> list[Any]:
        ask = self.holder.ask(self._lists(queues), at_most=at_most, worker=self.begins_as)
        self._asked = _Asked("EVALSHA", ask)
        return ["EVALSHA", digest("reserve"), 0, *ask.arguments]

    def _send(self, command: list[Any]) -> None:
        connection = self.client.connection
        self._in_poll = connection
        self._brpop_sent_at = time.monotonic()
        try:
            connection.send_packed_command([b"".join(connection.pack_command(*command))])
        except self.connection_errors:
            self._give_up_asking()
            raise

    def _ask_ahead(self, reservation: Reservation) -> None:
        """Ask for the next batch before this one runs, where there seem to be more, and none waits long for another."""
        full = reservation.given == reservation.asked
        alone = reservation.taken and reservation.taken[0].alone
        if full and not alone and self.asks_ahead and self.fitting > 1 and not celery_is_stopping():
            room = self.qos.room_ahead()
            queues = self._queue_cycle.consume(len(self.active_queues))
            if room > 0 and not any(queue in self._without_acks for queue in queues):
                self._send(self._reserve(queues, room))

    def _lists(self, queues: Iterable[str]) -> list[str]:
        return [self._q_for_pri(queue, step) for step in self.priority_steps for queue in queues]

    # -- reading ---------------------------------------------------------------------------------------------------

    def _brpop_read(self, **options: Any) -> bool:
        if self._asked is None:
            return cast("bool", super()._brpop_read(**options))
        asked, connection = self._asked, self.client.connection
        try:
            reply = self.client.parse_response(connection, asked.command, **options)
        except NoScriptError:
            self._give_up_asking()
            self.holder.client.script_load(source("reserve"))
            raise Empty from None
        except self.connection_errors:
            self._give_up_asking()
            connection.disconnect()
            raise
        except ResponseError as refusal:
            self._give_up_asking()
            connection.disconnect()
            self._resume_at = time.monotonic() + _PAUSE_AFTER_REFUSAL_S
            log.warning("broker refuses to give out jobs, asking again", error=str(refusal)[:200])
            raise Empty from None
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()
        self._asked = None
        if asked.reserve is None:
            self._idle = False
            self._wake_another(reply)
            raise Empty
        self._take(self.holder.absorb(reply, asked.reserve))
        return True

    def _give_up_asking(self) -> None:
        if self._asked and self._asked.reserve:
            self.holder.ask_failed(self._asked.reserve)
        self._asked = None
        self._idle = False

    def _wake_another(self, bell: Any) -> None:
        """Whoever heard a bell and has no room any more passes it on."""
        if bell and self.qos.room() <= 0:
            try:
                self.holder.client.lpush(bell[0], 1)
                self.holder.client.ltrim(bell[0], 0, 0)
            except RedisError as error:
                log.warning("bell not passed on, others look by themselves", error_type=type(error).__name__)

    # -- delivering ------------------------------------------------------------------------------------------------

    def _take(self, reservation: Reservation) -> None:
        """Hand what was taken to its consumers; what they leave, because one of them failed, goes back."""
        self._idle = reservation.given < reservation.asked
        started = time.monotonic()
        if reservation.given:
            self._given_at = started
        is_quiet = started - self._given_at > QUIET_AFTER_S
        self._wait_s = _wait_for(reservation.next_due, at_most=LONGEST_QUIET_WAIT_S if is_quiet else LONGEST_WAIT_S)
        left = list(reservation.taken)
        self._taken = {lease: leased for lease, leased in self._taken.items() if self.holder.holds(lease)}
        self._taken.update({leased.lease: leased for leased in left})
        left.reverse()
        try:
            self._ask_ahead(reservation)
            while left and not celery_is_stopping():
                leased = left.pop()
                if leased.alone:
                    self._alone, self._alone_started = leased, False
                    self.start_alone()
                else:
                    self._hand_over(leased)
        finally:
            if left:
                self.holder.give_back(leased.lease for leased in reversed(left))
        if reservation.taken:
            each_s = (time.monotonic() - started) / len(reservation.taken)
            self.fitting = max(1, min(MOST_AT_ONCE, int(LONGEST_BATCH_S / max(each_s, 1e-6))))
            self._queue_cycle.rotate(queue_of(reservation.taken[-1].source))  # the next reserve begins elsewhere

    def _hand_over(self, leased: Leased) -> None:
        if leased.begun and self.run_here and self.run_here(leased):
            return
        message = read(leased)
        if isinstance(message, Unreadable):
            self._bury_unreadable(leased, message.why)
        elif message.due_ms is None or not self._is_deferred(leased, message, message.due_ms):
            self.connection._deliver(message.envelope, message.queue)

    def _is_deferred(self, leased: Leased, message: Readable, due_ms: int) -> bool:
        """Whether the message waits in the schedule now, because its producer gave it a time that is to come."""
        delivery = Delivery(message.job_id, message.kind, message.queue, "", {}, leased.lease)
        if self.deliveries.defer(delivery, until=due_ms, source=leased.source) is None:
            return False
        self.holder.settled_elsewhere(leased.lease)
        return True

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[[Any], Any], consumer_tag: str, **kwargs: Any
    ) -> None:
        """As kombu's; and a message that its `Message` cannot take becomes a dead letter, not the worker's end."""
        super().basic_consume(queue, no_ack, callback, consumer_tag, **kwargs)
        (self._without_acks.add if no_ack else self._without_acks.discard)(queue)

        def receive(raw: dict[str, Any]) -> Any:
            leased = self._taken.get(raw["properties"].get("delivery_tag"))
            message = self._message_of(leased, raw)
            if message is None:
                return None
            if leased and no_ack:
                self.holder.acknowledge(leased.lease, "")
            elif not no_ack:
                self.qos.append(message, message.delivery_tag)
            return callback(message)

        self.connection._callbacks[queue] = receive

    def basic_get(self, queue: str, no_ack: bool = False, **_kwargs: Any) -> Any:
        """One message now, or None; leased until it is acknowledged."""
        while taken := self.holder.reserve(self._lists([queue]), at_most=1).taken:
            [leased] = taken
            self._taken[leased.lease] = leased
            raw = read(leased)
            if isinstance(raw, Unreadable):
                self._bury_unreadable(leased, raw.why)
                continue
            if raw.due_ms is not None and self._is_deferred(leased, raw, raw.due_ms):
                continue
            message = self._message_of(leased, raw.envelope)
            if message is None:
                continue
            if no_ack:
                self.holder.acknowledge(leased.lease, raw.job_id)
                self.holder.flush()
            else:
                self.qos.append(message, message.delivery_tag)
            return message
        return None

    def _message_of(self, leased: Leased | None, raw: dict[str, Any]) -> Any:
        """The message as kombu has it; None if that cannot be made, and it is a dead letter now."""
        try:
            return self.Message(raw, channel=self)
        except Exception as error:
            if leased is None:
                raise
            self._bury_unreadable(leased, f"its body does not decode ({type(error).__name__})")
            return None

    # -- a suspect runs alone --------------------------------------------------------------------------------------

    def runs_alone(self) -> bool:
        """Whether a job that may have killed a worker is here: until it ends, nothing else is taken."""
        if self._alone and not self.holder.holds(self._alone.lease):
            self._alone = None
        return self._alone is not None

    def start_alone(self) -> None:
        """Start the suspect as soon as everything else here has ended."""
        suspect = self._alone
        if suspect and not self._alone_started and self.runs_alone() and len(self.holder) == 1:
            self._alone_started = True
            self._hand_over(suspect)

    # -- settling --------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is settled and rides with no reserve. One that under way answers soon, and the next takes it."""
        if not self._taken and not self.begins_as:
            return
        self._taken = {lease: leased for lease, leased in self._taken.items() if self.holder.holds(lease)}
        if self.holder.owes and not (self._asked and self._asked.reserve):
            self.holder.flush()

    def give_back_waiting(self) -> None:
        """Called from another thread while a task runs for long: what waits behind it is given to others."""
        if self._asked and self._asked.reserve:
            self.holder.ask_failed(self._asked.reserve)
        self.holder.give_back_unclaimed()
        self.holder.beat()

    def give_back_unstarted(self, queue: str | None = None) -> None:
        """Put back what was taken (from this queue) and has not started; a task that starts all the same is refused."""
        if not self._taken:
            return
        started = running_leases()
        held = [each for each in self._taken.values() if queue in (None, queue_of(each.source))]
        self.holder.give_back([each.lease for each in held if each.lease not in started], only_unstarted=True)

    def basic_cancel(self, consumer_tag: str) -> Any:
        """Stop consuming; jobs that were taken and have not started go to another worker at once."""
        queue = self._tag_to_queue.get(consumer_tag)
        answer = super().basic_cancel(consumer_tag)
        if queue is not None:
            self.give_back_unstarted(queue)
        return answer

    def bury_rejected(self, message: Any, lease: str) -> None:
        """A task wants no more of its message: it is kept as a dead letter."""
        headers = message.headers if message else None
        queue = (message.delivery_info or {}).get("routing_key", "unknown") if message else "unknown"
        delivery = Delivery(job_id_of(headers), kind_of(headers), queue, "", {}, lease)
        self._bury(delivery, Reason.REJECTED, "its task rejected the message")

    def _bury_unreadable(self, leased: Leased, why: str) -> None:
        queue = queue_of(leased.source)
        delivery = Delivery(new_ulid(), "unknown", queue, "", {}, leased.lease)
        self._bury(delivery, Reason.UNREADABLE, why)
        log.error("message became a dead letter", reason=Reason.UNREADABLE.value, job_id=delivery.job_id, detail=why)

    def _bury(self, delivery: Delivery, reason: Reason, error: str) -> None:
        self.deliveries.bury(delivery, reason=reason, error=error)
        self.holder.settled_elsewhere(delivery.lease)

    def close(self) -> None:
        """Close; what was asked and not answered yet is found by the next heartbeat."""
        if self._asked is not None:
            self._give_up_asking()
            self._in_poll = None
        super().close()

    # -- queues ----------------------------------------------------------------------------------------------------

    def _size(self, queue: str) -> int:
        suspects: Any = self._create_client().zcard(keys.suspects(queue))
        return int(super()._size(queue)) + int(suspects)

    def _purge(self, queue: str) -> int:
        """Drop what waits in the queue: each job is cancelled, so that nobody waits for it."""
        client = self._create_client()
        purge, dropped = script(client, "purge"), 0
        for source_list in self._lists([queue]):
            while some := int(purge(args=[source_list, _PURGED_AT_ONCE])):
                dropped += some
        return dropped


def _wait_for(next_due: timedelta | None, *, at_most: float) -> float:
    return at_most if next_due is None else min(at_most, max(0.01, next_due.total_seconds()))
