"""The message that travels: Celery's task protocol 2 in kombu's Redis format, built without a Celery application.

A stock Celery worker can read it and a stock producer can write it; where it is sealed with a cipher, one that has the
key. The arguments' representations, which Celery shows in events and logs, are constants: a payload is personal data.
A body is text, as kombu takes it where no `body_encoding` is named; a sealed one is in base64.

MUST: `first_message` in `lua/shared/compact.lua` builds the same, of jobs that waited for their time.

Source: docs.celeryq.dev, "Message Protocol", version 2; kombu 5.7, `transport/virtual/base.py` (`prepare_message`).
"""

import base64
import binascii
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import msgspec

from buffrsign.crypto import CONTENT_ENCODING, CONTENT_TYPE, HIDDEN, KEY_HEADER, Cipher

_NOTHING_FOLLOWS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_BODY_BEGINS, _BODY_ENDS = b"[[", b"],{}," + msgspec.json.encode(_NOTHING_FOLLOWS) + b"]"
_GAP, _BODY_GAP = "<gap>", "<body>"
_write = msgspec.json.Encoder().encode
_CARRIED_OVER = (
    *("lang", "task", "id", "root_id", "parent_id", "group", "group_index"),
    *("expires", "ignore_result", "shadow", "stamps"),
)


_WHERE = ("tenant", "limited_by")


class Place(NamedTuple):
    """Where a job stands among others: its priority step, its tenant, and the limit that it names."""

    priority: int = 0
    tenant: str = ""
    limited_by: str = ""


ANYWHERE = Place()


def first_message(
    *,
    job_id: str,
    kind: str,
    queue: str,
    payload: bytes,
    keeps_result: bool,
    place: Place = ANYWHERE,
    cipher: Cipher | None = None,
) -> bytes:
    """The message of a new job: one positional argument, its payload, which is JSON. The job id is its delivery tag."""
    jobs = [(job_id, kind, payload)]
    return next(first_messages(jobs, queue=queue, keeps_result=keeps_result, place=place, cipher=cipher))


def first_messages(
    jobs: Iterable[tuple[str, str, bytes]],
    *,
    queue: str,
    keeps_result: bool,
    place: Place = ANYWHERE,
    cipher: Cipher | None = None,
) -> Iterator[bytes]:
    """The messages of new jobs of one queue, each by its id, kind and payload."""
    key_id = cipher.key_id if cipher else ""
    for job_id, kind, payload in jobs:
        name = job_id.encode()
        if cipher:
            body = b'"%b"' % sealed_body(job_id=job_id, kind=kind, payload=payload, cipher=cipher)
        else:
            body = _write((_BODY_BEGINS + payload + _BODY_ENDS).decode())
        yield _first_form(kind, queue, keeps_result, key_id, place) % (name, name, name, name, body)


def sealed_body(*, job_id: str, kind: str, payload: bytes, cipher: Cipher) -> bytes:
    """The body of a new job's message as it is kept and travels: sealed, in base64."""
    sealed = cipher.seal(_BODY_BEGINS + payload + _BODY_ENDS, job_id=job_id, kind=kind)
    return binascii.b2a_base64(sealed, newline=False)


@lru_cache(maxsize=4096)
def _first_form(kind: str, queue: str, keeps_result: bool, key_id: str, place: Place) -> bytes:
    """A new job's message but for its body, its id and its tag: encoding all of it would take most of an enqueue."""
    headers = {
        "lang": "py",
        "task": kind,
        "id": _GAP,
        "root_id": _GAP,
        "parent_id": None,
        "group": None,
        "retries": 0,
        "ignore_result": not keeps_result,
        **({"tenant": place.tenant} if place.tenant else {}),
        **({"limited_by": place.limited_by} if place.limited_by else {}),
    }
    form = _message(headers, queue, body=_BODY_GAP, key_id=key_id, tag=_GAP, priority=place.priority)
    form = form.replace(b"%", b"%%")
    return form.replace(_GAP.encode(), b"%b").replace(b'"%b"' % _BODY_GAP.encode(), b"%b")


class _Tags:
    """Unique per message, not per job: kombu keys what is unacknowledged by it. A process has a name, and counts."""

    _process = ""
    _numbers = count()

    @classmethod
    def next(cls) -> str:
        return f"{cls._process}.{next(cls._numbers)}"

    @classmethod
    def rename(cls) -> None:
        cls._process = os.urandom(12).hex()


_Tags.rename()
os.register_at_fork(after_in_child=_Tags.rename)


def next_message(request: Mapping[str, Any], *, queue: str, cipher: Cipher | None = None) -> bytes:
    """The message of another try: the one that came, with its chain and chord, and one retry more.

    `request` is Celery's request context as a mapping: the headers, `args`, `kwargs` and what follows.
    """
    from kombu.utils.json import dumps  # noqa: PLC0415 - only workers come here, and a producer stays thin

    headers: dict[str, Any] = {name: request.get(name) for name in _CARRIED_OVER}
    headers |= {name: request[name] for name in _WHERE if request.get(name)}
    headers["retries"] = retries_before(request) + 1
    follows = {name: request.get(name) for name in _NOTHING_FOLLOWS}
    # Kombu read the arguments, so kombu writes them: msgspec has no NaN and no half surrogates, which may have come.
    body = dumps([request["args"], request["kwargs"], follows]).encode()
    if cipher:
        body = cipher.seal(body, job_id=headers["id"], kind=headers["task"])
    key_id = cipher.key_id if cipher else ""
    text, tag = base64.b64encode(body).decode(), _Tags.next()
    return _message(headers, queue, body=text, key_id=key_id, tag=tag, priority=priority_of(request), encoded=True)


def retries_before(request: Mapping[str, Any]) -> int:
    """How often the job had been put back into the schedule when this message of it was made."""
    return request.get("retries") or 0


def priority_of(request: Mapping[str, Any]) -> int:
    """The priority step that the message came with."""
    said = (request.get("delivery_info") or {}).get("priority")
    return said if isinstance(said, int) else 0


def _message(
    headers: dict[str, Any],
    queue: str,
    *,
    body: str,
    key_id: str,
    tag: str,
    priority: int,
    encoded: bool = False,
) -> bytes:
    """The message with this body; `encoded`, as always with the `key_id` of the key which sealed it, in base64.

    The headers come first: that is where the scripts look for them.
    """
    job_id = headers["id"]
    content_type, content_encoding = "application/json", "utf-8"
    if key_id:
        content_type, content_encoding = CONTENT_TYPE, CONTENT_ENCODING
        headers = {**headers, KEY_HEADER: key_id}
    return msgspec.json.encode(
        {
            "headers": {
                **headers,
                "eta": None,
                "timelimit": [None, None],
                "origin": "buffrsign",
                "argsrepr": HIDDEN,
                "kwargsrepr": HIDDEN,
            },
            "properties": {
                "correlation_id": job_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": priority,
                **({"body_encoding": "base64"} if encoded or key_id else {}),
                "delivery_tag": tag,
            },
            "content-encoding": content_encoding,
            "content-type": content_type,
            "body": body,
        }
    )
