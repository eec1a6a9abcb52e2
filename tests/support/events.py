"""A live listener to Celery's events, as Flower and Prometheus are: it keeps what is published while it listens."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis

Event = dict[str, Any]


class Heard:
    """The events so far."""

    def __init__(self, pubsub: Any) -> None:
        self.events: list[Event] = []
        self._pubsub = pubsub

    def of(self, job_id: str) -> dict[str, Event]:
        """The events of one job, by their types."""
        while message := self._pubsub.get_message(timeout=0.05):
            if message["type"] == "pmessage":
                told = json.loads(_body(json.loads(message["data"])))
                self.events += told if isinstance(told, list) else [told]
        return {event["type"]: event for event in self.events if event.get("uuid") == job_id}


@contextmanager
def listening(client: Redis) -> Iterator[Heard]:
    """Hear all events on this server."""
    with client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.psubscribe("*celeryev*")
        assert pubsub.get_message(timeout=5)["type"] == "psubscribe"
        yield Heard(pubsub)


def _body(message: dict[str, Any]) -> bytes | str:
    """What kombu's own way out writes in base64, and says so."""
    body: str = message["body"]
    return base64.b64decode(body) if message["properties"].get("body_encoding") == "base64" else body
