"""What a message asks for, read without Celery: its one payload, and whether something is to follow it."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kombu.exceptions import KombuError
from kombu.message import Message

from buffrsign.broker.messages import Readable, Unreadable

_FOLLOWING = ("callbacks", "errbacks", "chain", "chord")


@dataclass(frozen=True)
class Body:
    """A task's arguments, and the tasks that follow it. `request` is what `Delivery` wants: all of the message."""

    request: Mapping[str, Any]

    @property
    def payload(self) -> object:
        """The one argument; stock producers may also spell the payload's fields as keyword arguments."""
        args, kwargs = self.request["args"], self.request["kwargs"]
        if len(args) == 1 and not kwargs:
            return args[0]
        return kwargs if not args else [*args, kwargs]

    @property
    def is_followed(self) -> bool:
        """Whether Celery goes on with another task after this one, which only a worker can do."""
        return any(self.request.get(name) for name in (*_FOLLOWING, "group"))


def read_body(message: Readable) -> Body | Unreadable:
    """The body of a message in Celery's protocol 2, as JSON; no other serialisation is accepted."""
    envelope = message.envelope
    headers = envelope["headers"]
    if not headers.get("task"):
        return Unreadable("it is no Celery message of protocol 2")
    try:
        decoded = Message(
            body=_plain(envelope),
            content_type=envelope.get("content-type"),
            content_encoding=envelope.get("content-encoding"),
            headers=headers,
            properties=envelope["properties"],
            postencode="utf-8",
            accept={"application/json"},
        ).decode()
    except (KombuError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return Unreadable(f"its body does not decode ({type(error).__name__})")
    match decoded:
        case [list(args), dict(kwargs), dict(follows)]:
            return Body({**headers, **follows, "args": args, "kwargs": kwargs})
    return Unreadable("its body has no arguments")


def _plain(envelope: Mapping[str, Any]) -> Any:
    body = envelope.get("body")
    if envelope["properties"].get("body_encoding") != "base64":
        return body
    try:
        return base64.b64decode(body or "")
    except binascii.Error as error:
        raise ValueError("its body is no base64") from error
