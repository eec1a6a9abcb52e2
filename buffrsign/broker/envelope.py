"""The message that travels: Celery's task protocol 2 in kombu's Redis format, built without a Celery application.

A stock Celery worker can read it and a stock producer can write it. The arguments' representations, which Celery
shows in events and logs, are constants: a payload is personal data.

Source: docs.celeryq.dev, "Message Protocol", version 2; kombu 5.7, `transport/virtual/base.py` (`prepare_message`).
"""

import base64
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

HIDDEN = "(…)"
_NOTHING_FOLLOWS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_CARRIED_OVER = (
    *("lang", "task", "id", "root_id", "parent_id", "group", "group_index"),
    *("expires", "ignore_result", "shadow", "stamps"),
)


def first_message(*, job_id: str, kind: str, queue: str, payload: Mapping[str, Any], keeps_result: bool) -> bytes:
    """The message of a new job: one positional argument, its payload."""
    headers = {
        "lang": "py",
        "task": kind,
        "id": job_id,
        "root_id": job_id,
        "parent_id": None,
        "group": None,
        "retries": 0,
        "ignore_result": not keeps_result,
    }
    return _message(headers, queue, body=msgspec.json.encode([[payload], {}, _NOTHING_FOLLOWS]))


def next_message(request: Mapping[str, Any], *, queue: str) -> bytes:
    """The message of another try: the one that came, with its chain and chord, and one retry more.

    `request` is Celery's request context as a mapping: the headers, `args`, `kwargs` and what follows.
    """
    from kombu.utils.json import dumps  # noqa: PLC0415 - only workers come here, and a producer stays thin

    headers = {name: request.get(name) for name in _CARRIED_OVER}
    headers["retries"] = retries_before(request) + 1
    follows = {name: request.get(name) for name in _NOTHING_FOLLOWS}
    # Kombu read the arguments, so kombu writes them: msgspec has no NaN and no half surrogates, which may have come.
    return _message(headers, queue, body=dumps([request["args"], request["kwargs"], follows]).encode())


def retries_before(request: Mapping[str, Any]) -> int:
    """How often the job had been put back into the schedule when this message of it was made."""
    return request.get("retries") or 0


def _message(headers: dict[str, Any], queue: str, *, body: bytes) -> bytes:
    job_id = headers["id"]
    return msgspec.json.encode(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
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
                "priority": 0,
                "body_encoding": "base64",
                # Unique per message, not per job: kombu keys what is unacknowledged by it.
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    )
