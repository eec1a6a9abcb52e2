"""A consumer for Celery applications of others: a private payload that their worker cannot open is kept.

    app.conf.worker_consumer = "buffrsign.broker.keeping:Consumer"

Celery's own drops what it cannot decode, and logs it. With this one, a job whose key the worker has not, or no longer
has, becomes a dead letter, which can be requeued once the key is back.
"""

import base64
import json
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer
from kombu.message import Message

from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Deliveries, Delivery, lease_of
from buffrsign.broker.messages import job_id_of, kind_of
from buffrsign.core.logs import get_logger
from buffrsign.crypto import CONTENT_TYPE, PayloadUnreadable

_NO_KEYS = "its payload is encrypted, and a Celery worker without keys took it"

log = get_logger(__name__)


class Consumer(CeleryConsumer):
    """Celery's, but for private payloads. Other messages end as they would."""

    def on_invalid_task(self, body: Any, message: Message, error: Exception) -> None:
        """Its content is not accepted: no keys were registered here."""
        if message.content_type != CONTENT_TYPE:
            super().on_invalid_task(body, message, error)
            return
        self._keep(message, _NO_KEYS)

    def on_decode_error(self, message: Message, error: Exception) -> None:
        """Its body does not open."""
        if message.content_type != CONTENT_TYPE:
            super().on_decode_error(message, error)
            return
        cause = error.args[0] if error.args else None  # kombu wraps what a serializer raises
        self._keep(message, str(cause) if isinstance(cause, PayloadUnreadable) else _NO_KEYS)

    def _keep(self, message: Message, why: str) -> None:
        queue = (message.delivery_info or {}).get("routing_key") or "unknown"
        job_id, kind = job_id_of(message.headers), kind_of(message.headers)
        delivery = Delivery(job_id, kind, queue, self.hostname, {}, lease_of(message.delivery_tag))
        came = None if delivery.lease else as_it_came(message)
        channel: Any = message.channel
        Deliveries(channel.client).bury(delivery, reason=Reason.PAYLOAD_UNREADABLE, error=why, message=came)
        log.error("message became a dead letter", reason=Reason.PAYLOAD_UNREADABLE.value, job_id=job_id, kind=kind)
        message.ack()


def as_it_came(message: Message) -> bytes:
    """A message as it lay in its queue; nothing where its headers are nested too deeply to be written."""
    body: Any = message.body
    envelope = {
        "body": base64.b64encode(body if isinstance(body, bytes) else str(body).encode()).decode(),
        "content-encoding": message.content_encoding,
        "content-type": message.content_type,
        "headers": message.headers,
        "properties": {**message.properties, "body_encoding": "base64"},
    }
    try:
        return json.dumps(envelope, default=str).encode()
    except RecursionError:
        return b""
