"""Celery's events, a batch at a time: what happens to tasks is told once for each turn of the event loop.

The content is Celery's own, and so are channel and form; only the way out is shorter.
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from celery.app.events import Events as CeleryEvents
from celery.events.dispatcher import EventDispatcher
from celery.utils.time import utcoffset
from redis.exceptions import RedisError

from buffrsign.broker.channel import LeasingChannel
from buffrsign.crypto import HIDDEN

MOST_AT_ONCE = 600

_CeleryDispatcher: Any = EventDispatcher
_CeleryEvents: Any = CeleryEvents


class Dispatcher(_CeleryDispatcher):  # type: ignore[misc]
    """Gathers the events of tasks until the event loop comes round."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buffer_limit = MOST_AT_ONCE
        self._common: dict[str, Any] = {"hostname": self.hostname, "utcoffset": utcoffset(), "pid": self.pid}

    def send(self, type: str, blind: bool = False, **fields: Any) -> Any:  # noqa: A002 - Celery's signature
        """As Celery's; events of tasks are gathered with the others."""
        if type.startswith("task-") and not blind and not self.groups and type != "task-sent":
            return self.tell(type, time.time(), **fields)
        return super().send(type, blind=blind, **fields)

    def tell(self, kind: str, moment: float, **fields: Any) -> None:
        """Tell one event of a task, as `send` does, if there is somebody to send it for and a loop to send it."""
        if not self.enabled:
            return
        if "task" not in self.buffer_group:  # there is no event loop to send them
            super().send(kind, **fields)
            return
        waiting = self._group_buffer["task"]
        if not waiting and self.on_send_buffered:
            self._common = {"hostname": self.hostname, "utcoffset": utcoffset(), "pid": self.pid}
            self.on_send_buffered()
        waiting.append({"type": kind, "timestamp": moment, "clock": self.clock.forward(), **self._common, **fields})
        if len(waiting) >= MOST_AT_ONCE:
            self.flush()

    def received(self, job_id: str, kind: str, headers: Mapping[str, Any], moment: float) -> None:
        """Tell that a job came that is due and does not expire; its arguments are nobody's business."""
        self.tell(
            "task-received",
            moment,
            uuid=job_id,
            name=kind,
            args=HIDDEN,
            kwargs=HIDDEN,
            root_id=headers.get("root_id"),
            parent_id=headers.get("parent_id"),
            retries=headers.get("retries") or 0,
            eta=None,
            expires=None,
        )

    def _publish(self, event: Any, producer: Any, routing_key: str, *args: Any, **kwargs: Any) -> None:
        channel = getattr(producer, "channel", None)
        try:
            body = msgspec.json.encode(event).decode() if isinstance(event, list) else ""
        except (TypeError, ValueError):  # half a surrogate pair, as in some exception's text: kombu copes
            body = ""
        if not body or not isinstance(channel, LeasingChannel):
            super()._publish(event, producer, routing_key, *args, **kwargs)
            return
        try:
            channel.announce(self.exchange.name, routing_key, body, self.headers)
        except (RedisError, OSError):
            self._outbound_buffer.append((event, routing_key))


class Events(_CeleryEvents):  # type: ignore[misc]
    """The application's `events`."""

    dispatcher_cls = "workers.events:Dispatcher"
