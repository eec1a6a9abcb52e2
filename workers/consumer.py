"""Celery's consumer, but for messages it cannot turn into a task: those it would log with their payload and drop.

Here each becomes a dead letter with its reason, the log holds no payload, and the worker goes on.
"""

import time
from datetime import timedelta
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.state import active_requests
from kombu.message import Message
from msgspec.structs import replace
from redis.exceptions import RedisError

from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Delivery, lease_of
from buffrsign.broker.keeping import as_it_came
from buffrsign.broker.messages import job_id_of, kind_of
from buffrsign.core.logs import get_logger
from buffrsign.crypto import NotEncrypted, PayloadUnreadable, require_private
from config.services import services
from workers import in_process

STOP_GRACE = timedelta(seconds=5)
"""How long a job that is to stop may take to see it by itself, before its process is ended."""

UNKNOWN_TASK_PAUSE = timedelta(seconds=15)

log = get_logger(__name__)


class Consumer(CeleryConsumer):
    """The consumer of every worker here; see `worker_consumer` in `config/celery.py`."""

    task_consumer: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._to_stop: dict[str, float] = {}  # lease → when its process is ended, on the monotonic clock
        super().__init__(*args, **kwargs)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Any:
        """Celery's own, for payloads that may be opened here; what a message does to it ends that, not the worker."""
        handle: Any = super().create_task_handler(*args, **kwargs)

        def handle_or_bury(message: Message) -> Any:
            try:
                return self._handle_if_private(handle, message)
            except (RedisError, OSError):
                raise
            except Exception as error:
                if not lease_of(message.delivery_tag):
                    raise
                log.error("message cannot be handled", error=error)
                return self._bury(message, Reason.UNREADABLE, f"Celery cannot handle it ({type(error).__name__})")

        return handle_or_bury

    def register_with_event_loop(self, hub: Any) -> None:
        """Celery's own, and a look every second at the jobs that somebody asked to stop."""
        super().register_with_event_loop(hub)
        in_process.prepare(self)
        hub.call_repeatedly(1.0, self._stop_what_should)

    def _stop_what_should(self) -> None:
        """A task that reports progress ends itself; one that has not done so in time loses its process."""
        channel: Any = getattr(self, "task_consumer", None) and self.task_consumer.channel
        holder = getattr(channel, "holder", None)
        if holder is None or in_process.is_watched():
            return
        now = time.monotonic()
        while holder.stops:
            self._to_stop[holder.stops.pop(0)] = now + STOP_GRACE.total_seconds()
        for lease in [lease for lease, deadline in self._to_stop.items() if now >= deadline]:
            del self._to_stop[lease]
            for request in tuple(active_requests):
                if request.message.delivery_tag == lease:
                    self._end_process(request)

    def _end_process(self, request: Any) -> None:
        try:
            request.terminate(self.pool, signal="KILL")
        except NotImplementedError:  # threads and the like cannot be ended from outside
            log.warning("job is to stop, and does not look", job_id=request.id, kind=request.name)
        else:
            log.warning("job was stopped by ending its process", job_id=request.id, kind=request.name)

    def _handle_if_private(self, handle: Any, message: Message) -> Any:
        try:
            require_private(
                message.content_type,
                message.body,
                message.headers or {},
                services().cipher,
                require_encrypted=services().settings.require_encrypted,
            )
        except PayloadUnreadable as error:
            return self._bury(message, Reason.PAYLOAD_UNREADABLE, str(error))
        except NotEncrypted as error:
            return self._bury(message, Reason.NOT_ENCRYPTED, str(error))
        return handle(message)

    def on_unknown_task(self, _body: object, message: Message, _error: Exception) -> None:
        """No task of this worker has the message's name: a newer release knows it, if its workers are on their way."""
        delivery = self._delivery(message)
        unleased = b"" if delivery.lease else as_it_came(message)
        deferred = services().deliveries.defer(
            delivery, until=UNKNOWN_TASK_PAUSE, reason="no worker knows its task yet", message=unleased
        )
        patience = timedelta(seconds=services().settings.unknown_task_patience_s)
        if deferred and deferred.so_far >= patience:
            self._bury(
                message, Reason.UNKNOWN_TASK, f"no worker knew a task of this name within {patience}", leased=False
            )
            return
        log.warning("task unknown, its message waits", kind=delivery.kind, job_id=delivery.job_id)
        message.ack()

    def on_unknown_message(self, _body: object, message: Message) -> None:
        """The message is not Celery's."""
        self._bury(message, Reason.UNREADABLE, "it is no Celery message")

    def on_invalid_task(self, _body: object, message: Message, error: Exception) -> None:
        """The message is Celery's, but its content is not accepted."""
        self._bury(message, Reason.UNREADABLE, f"its content is not accepted ({type(error).__name__})")

    def on_decode_error(self, message: Message, error: Exception) -> None:
        """The message's body does not decode, or does not open."""
        cause = error.args[0] if error.args else None
        if isinstance(cause, PayloadUnreadable):  # kombu wraps what a serializer raises
            self._bury(message, Reason.PAYLOAD_UNREADABLE, str(cause))
            return
        self._bury(message, Reason.UNREADABLE, f"its body does not decode ({type(error).__name__})")

    def _bury(self, message: Message, reason: Reason, error: str, *, leased: bool = True) -> None:
        delivery = self._delivery(message)
        delivery = delivery if leased else replace(delivery, lease="")
        came = None if delivery.lease else as_it_came(message)
        services().deliveries.bury(delivery, reason=reason, error=error, message=came)
        log.error("message became a dead letter", reason=reason.value, job_id=delivery.job_id, kind=delivery.kind)
        message.ack()

    def _delivery(self, message: Message) -> Delivery:
        return Delivery(
            job_id=job_id_of(message.headers),
            kind=kind_of(message.headers),
            queue=(message.delivery_info or {}).get("routing_key") or "unknown",
            worker=self.hostname,
            request={},
            lease=lease_of(message.delivery_tag),
        )
