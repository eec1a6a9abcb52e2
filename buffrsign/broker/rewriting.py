"""Messages that are sent again by a person's decision: as they came, but for the few headers that must differ."""

import json
from typing import Any

from buffrsign.core.clock import from_epoch_ms
from buffrsign.core.errors import Permanent

_NEVER_TRIED = {"retries": 0, "eta": None, "expires": None}


class NotAMessage(Permanent):
    """What was kept is no message that a worker could run."""


def as_new(message: bytes, *, job_id: str) -> bytes:
    """The message as it was before its first delivery: never tried, due now, and without an end of its time.

    Raises:
        NotAMessage: it is none of Celery's, or was not kept.
    """
    return _with_headers(message, {**_NEVER_TRIED, "id": job_id})


def with_its_time(message: bytes, *, due_ms: int, expires_ms: int | None) -> bytes:
    """The message as a stock producer would have sent it for a later time.

    Raises:
        NotAMessage: it is none of Celery's.
    """
    times = {"eta": _iso(due_ms)}
    return _with_headers(message, times if expires_ms is None else {**times, "expires": _iso(expires_ms)})


def _with_headers(message: bytes, changed: dict[str, Any]) -> bytes:
    # The standard library's JSON, as kombu's: it reads and writes NaN and half surrogates, which may have come.
    try:
        envelope = json.loads(message)
        if not envelope["headers"]["task"] or not isinstance(envelope["body"], str):
            raise NotAMessage("it names no task")
        envelope["headers"].update(changed)
        return json.dumps(envelope).encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotAMessage("it is no message of Celery's") from error


def _iso(ms: int) -> str:
    return from_epoch_ms(ms).isoformat(timespec="milliseconds")
