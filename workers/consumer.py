"""Celery's consumer, but for messages it cannot turn into a task: those it would log with their payload and drop.

Here each becomes a dead letter with its reason, the log holds no payload, and the worker goes on.
"""

import base64
import json
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer
from kombu.message import Message

from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Delivery
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger
from config.services import services

log = get_logger(__name__)


class Consumer(CeleryConsumer):
    """The consumer of every worker here; see `worker_consumer` in `config/celery.py`."""

    def on_unknown_task(self, _body: object, message: Message, _error: Exception) -> None:
        """No task of this worker has the message's name."""
        self._bury(message, Reason.UNKNOWN_TASK, "this worker knows no task of this name")

    def on_unknown_message(self, _body: object, message: Message) -> None:
        """The message is not Celery's."""
        self._bury(message, Reason.UNREADABLE, "it is no Celery message")

    def on_invalid_task(self, _body: object, message: Message, error: Exception) -> None:
        """The message is Celery's, but its content is not accepted."""
        self._bury(message, Reason.UNREADABLE, f"its content is not accepted ({type(error).__name__})")

    def on_decode_error(self, message: Message, error: Exception) -> None:
        """The message's body does not decode."""
        self._bury(message, Reason.UNREADABLE, f"its body does not decode ({type(error).__name__})")

    def _bury(self, message: Message, reason: Reason, error: str) -> None:
        headers: Any = message.headers or {}
        delivery = Delivery(
            job_id=_text(headers.get("id")) or new_ulid(),
            kind=_text(headers.get("task")) or "unknown",
            queue=_text((message.delivery_info or {}).get("routing_key")) or "unknown",
            worker=self.hostname,
            request={},
        )
        services().deliveries.bury(delivery, reason=reason, error=error, message=_as_it_came(message))
        log.error("message became a dead letter", reason=reason.value, job_id=delivery.job_id, kind=delivery.kind)
        message.ack()


def _text(value: object) -> str:
    return value if isinstance(value, str) and value.isascii() else ""


def _as_it_came(message: Message) -> bytes:
    body: Any = message.body
    envelope = {
        "body": base64.b64encode(body if isinstance(body, bytes) else str(body).encode()).decode(),
        "content-encoding": message.content_encoding,
        "content-type": message.content_type,
        "headers": message.headers,
        "properties": message.properties,
    }
    try:
        return json.dumps(envelope, default=str).encode()
    except RecursionError:
        return b""  # headers that could just be read, and are nested too deeply to be written
