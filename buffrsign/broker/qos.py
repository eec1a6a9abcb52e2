"""How much a channel may take, and how its deliveries are settled; see `channel.py`."""
# ruff: noqa: SLF001 - kombu's own names; a test lists them, and fails when an upgrade changes one

from typing import TYPE_CHECKING, Any

from kombu.transport import redis as kombu_redis
from redis.exceptions import RedisError, ResponseError

from buffrsign.broker.leases import MOST_AT_ONCE
from buffrsign.broker.messages import job_id_of
from buffrsign.core.logs import get_logger

if TYPE_CHECKING:
    from buffrsign.broker.channel import LeasingChannel

log = get_logger(__name__)

_ASKS_WHEN_FREE = 4
"""A process asks for more once a quarter of what it may hold is free."""

_KombuQoS: Any = kombu_redis.QoS  # kombu's types do not know what its classes inherit


class QoS(_KombuQoS):  # type: ignore[misc]
    """How much a channel may take, and how it settles."""

    channel: "LeasingChannel"

    def can_consume(self) -> bool:
        """Whether the poller should look at this channel. What it asked for is read in any case: it is leased."""
        return bool(self.channel._in_poll) or self.room() > 0

    def room(self) -> int:
        """How many jobs more this process has room for. Those of a connection that was lost still count.

        While most of what it may hold is here, there is none: a question for each job costs more than the job.
        """
        if self.channel.runs_alone():
            return 0
        if not self.prefetch_count:
            return MOST_AT_ONCE
        at_once = self._at_once()
        free = at_once - len(self.channel.holder)
        return free if free <= 0 or free >= at_once // _ASKS_WHEN_FREE else 0

    def room_ahead(self) -> int:
        """As `room`, for jobs that are fetched while those that are here run."""
        return min(self.room() + self._at_once(), MOST_AT_ONCE) if not self.channel.runs_alone() else 0

    def _at_once(self) -> int:
        """The prefetch count is the most; where tasks run in this process, so is what it gets done in a moment."""
        at_most = int(self.prefetch_count or MOST_AT_ONCE)
        return min(at_most, self.channel.fitting) if self.channel.asks_ahead else at_most

    def append(self, message: Any, delivery_tag: str) -> None:
        """Nothing to write: the lease was taken with the message."""
        super(_KombuQoS, self).append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """The delivery is over."""
        message = self._delivered.get(delivery_tag)
        self.channel.holder.acknowledge(delivery_tag, job_id_of(message.headers) if message else "")
        self._quick_ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """The job goes back to the head of its list; or, where a task wants no more of it, becomes a dead letter."""
        if requeue:
            self.channel.holder.give_back([delivery_tag])
        else:
            try:
                self.channel.bury_rejected(self._delivered.get(delivery_tag), delivery_tag)
            except RedisError:
                self.channel.holder.give_back([delivery_tag])  # it runs again, and is rejected again
        self._quick_ack(delivery_tag)

    def restore_visible(self, *args: Any, **kwargs: Any) -> None:
        """What a dead stock worker held goes back, as in kombu; a full server is asked again, and ends nobody."""
        try:
            super().restore_visible(*args, **kwargs)
        except ResponseError as refusal:
            log.warning("broker refuses to look for what stock workers held", error=str(refusal)[:200])

    def restore_unacked(self, client: Any = None) -> None:  # noqa: ARG002 - kombu's signature
        """The channel closes: what has not started goes back; what runs keeps its lease, and is settled later."""
        self._flush()
        self.channel.give_back_unstarted()
        self._delivered.clear()
