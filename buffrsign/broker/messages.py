"""Reading a message as it came from a queue: whoever wrote it, it is either Celery's, or unreadable for a reason."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from buffrsign.broker.books import Leased
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.quick_json import loads
from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.ids import new_ulid

PRIORITY_SEPARATOR = "\x06\x16"

_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Readable:
    """A message in kombu's form. `due_ms` is the time that its producer gave it, in ms since 1970.

    `envelope` is ready for Celery: its delivery tag is the lease, and it carries no time, which the broker keeps.
    """

    envelope: dict[str, Any]
    job_id: str
    kind: str
    queue: str
    due_ms: int | None


@dataclass(frozen=True)
class Unreadable:
    """Something that kombu cannot take; `why` in a few words, without a word of what it says."""

    why: str
    reason: Reason = Reason.UNREADABLE


def read(leased: Leased) -> Readable | Unreadable:
    """What was leased, for kombu."""
    try:
        envelope = loads(leased.message)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"it is no JSON ({type(error).__name__})")
    if not isinstance(envelope, dict) or not isinstance(envelope.get("properties"), dict):
        return Unreadable("it is no message of Celery's")
    headers = envelope.setdefault("headers", {})
    if not isinstance(headers, dict):
        return Unreadable("its headers are none")
    if odd := _odd_header(headers, envelope["properties"]):
        return Unreadable(odd)
    try:
        due_ms = _due_ms(headers.get("eta"))
    except (ValueError, TypeError, OverflowError) as error:
        return Unreadable(f"its eta is no time ({type(error).__name__})")
    if due_ms is not None:
        headers["eta"] = None
    queue = queue_of(leased.source)
    envelope["properties"]["delivery_tag"] = leased.lease
    envelope["properties"]["delivery_info"] = {"exchange": "", "routing_key": queue}
    return Readable(envelope, job_id_of(headers), kind_of(headers), queue, due_ms)


def _odd_header(headers: dict[str, Any], properties: dict[str, Any]) -> str:
    """Which header Celery could not take, in a few words: it would take the worker down with it. '' if all are fine.

    A message that names no task is somebody else's, and left to whoever consumes it.
    """
    if "task" not in headers:
        return ""
    limits, stamped = headers.get("timelimit"), headers.get("stamped_headers")
    is_odd = {
        "task": not _ascii(headers, "task"),
        "id": not _ascii(headers, "id"),
        "retries": not _is_count(headers.get("retries")),
        "timelimit": not (
            limits is None or (isinstance(limits, list) and len(limits) == 2 and all(map(_is_count, limits)))
        ),
        "stamped_headers": not (stamped is None or isinstance(stamped, list)),
        "stamps": not isinstance(headers.get("stamps") or {}, dict),
        "correlation_id": not isinstance(properties.get("correlation_id") or "", str),
    }
    return next((f"its {name} is odd" for name, odd in is_odd.items() if odd), "")


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0)


def queue_of(source: str) -> str:
    """The queue that a list belongs to: kombu keeps one list per priority step."""
    return source.partition(PRIORITY_SEPARATOR)[0]


def job_id_of(headers: Any) -> str:
    """The job id that a message names, or a new one: Redis keys are ASCII here."""
    return _ascii(headers, "id") or new_ulid()


def kind_of(headers: Any) -> str:
    """The kind that a message names."""
    return _ascii(headers, "task") or _UNKNOWN


def due_ms_of(headers: dict[str, Any]) -> int | str:
    """The time that Celery gave a message it publishes, in ms since 1970, or ''."""
    due_ms = _due_ms(headers.get("eta"))
    return "" if due_ms is None else due_ms


def publication_of(headers: dict[str, Any]) -> int:
    """Which publication of its job id a message is: Celery publishes the same id again to retry or replace a task."""
    return int(headers.get("retries") or 0) + 1000 * int(headers.get("replaced_task_nesting") or 0)


def _ascii(headers: Any, name: str) -> str:
    value = headers.get(name) if isinstance(headers, dict) else None
    return value if isinstance(value, str) and value.isascii() else ""


def _due_ms(eta: Any) -> int | None:
    """Celery's `eta`, an ISO 8601 time; one without an offset is UTC."""
    if eta is None:
        return None
    due = datetime.fromisoformat(eta)
    return to_epoch_ms(due if due.tzinfo else due.replace(tzinfo=UTC))
