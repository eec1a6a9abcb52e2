"""What a message asks for, read without Celery: its one payload, and whether something is to follow it.

A private payload is opened with the cipher of whoever reads.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kombu.exceptions import KombuError
from kombu.message import Message

from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.messages import Readable, Unreadable
from buffrsign.crypto import CONTENT_TYPE, Cipher, NotEncrypted, PayloadUnreadable, require_private

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


def read_body(message: Readable, cipher: Cipher | None = None, *, require_encrypted: bool = False) -> Body | Unreadable:
    """The body of a message in Celery's protocol 2, as JSON; no other serialisation is accepted, but our sealed one."""
    envelope: Mapping[str, Any] = message.envelope
    headers = envelope["headers"]
    if not headers.get("task"):
        return Unreadable("it is no Celery message of protocol 2")
    try:
        envelope = opened(envelope, cipher, require_encrypted=require_encrypted)
        decoded = Message(
            body=body_of(envelope),
            content_type=envelope.get("content-type"),
            content_encoding=envelope.get("content-encoding"),
            headers=headers,
            properties=envelope["properties"],
            postencode="utf-8",
            accept={"application/json"},
        ).decode()
    except (NotEncrypted, PayloadUnreadable) as error:
        is_plain = isinstance(error, NotEncrypted)
        return Unreadable(str(error), Reason.NOT_ENCRYPTED if is_plain else Reason.PAYLOAD_UNREADABLE)
    except (KombuError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return Unreadable(f"its body does not decode ({type(error).__name__})")
    match decoded:
        case [list(args), dict(kwargs), dict(follows)]:
            return Body({**headers, **follows, "args": args, "kwargs": kwargs})
    return Unreadable("its body has no arguments")


def opened(envelope: Mapping[str, Any], cipher: Cipher | None, *, require_encrypted: bool = False) -> Mapping[str, Any]:
    """A message as it would be without encryption.

    Raises:
        PayloadUnreadable: it does not open.
        NotEncrypted: it is in clear, and must not be.
        ValueError, TypeError, AttributeError: its body is none of kombu's.
    """
    content_type, headers = envelope.get("content-type"), envelope["headers"]
    body = body_of(envelope) if content_type == CONTENT_TYPE else None
    body = body.encode() if isinstance(body, str) else body
    require_private(content_type, body, headers, cipher, require_encrypted=require_encrypted)
    if body is None or cipher is None:
        return envelope
    plain = {"body": base64.b64encode(cipher.open(body)).decode()}
    properties = {**envelope["properties"], "body_encoding": "base64"}
    as_json = {"content-type": "application/json", "content-encoding": "utf-8"}
    return {**envelope, **plain, **as_json, "properties": properties}


def body_of(envelope: Mapping[str, Any]) -> Any:
    """The body of a message as it was before it was encoded: bytes or text. Raises ValueError if it is no base64."""
    body = envelope.get("body")
    if envelope["properties"].get("body_encoding") != "base64":
        return body
    try:
        return base64.b64decode(body or "")
    except binascii.Error as error:
        raise ValueError("its body is no base64") from error
