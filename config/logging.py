"""How log records look: lines for people, or one JSON object a line for machines.

An exception is shown by its type and the places it came through. Its message is shown only when it is one of ours:
those hold no personal data by rule, and others may.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

from buffrsign.core.errors import BuffrSignError
from buffrsign.core.logs import FIELDS_ATTRIBUTE

_SAID_BY_US = ("celery.worker.strategy", "celery.app.trace")  # received, succeeded: with the result, unbound
_SHOWS_PAYLOADS = ("celery.pool",)  # what it hands to its processes, when it debugs
_NOISY = ("pypdf", "PIL", "fontTools", "alembic", "kombu", "amqp")


def configure(*, log_format: str, level: str) -> None:
    """Send this process's log records to standard error in the given format, `console` or `json`."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonFormatter() if log_format == "json" else ConsoleFormatter())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)
    logging.getLogger("celery.app.trace").addFilter(_without_values)
    for name in (*_NOISY, *_SAID_BY_US, *_SHOWS_PAYLOADS):
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_values(record: logging.LogRecord) -> bool:
    """Celery writes into its sentence what a plain task raised; the class is enough, and its values are somebody's."""
    if isinstance(record.args, dict) and "exc" in record.args:
        error = str(record.args["exc"]).partition("(")[0]
        record.args = {**record.args, "exc": error, "traceback": "", "args": "", "kwargs": ""}
    return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, event, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1])
            line["trace"] = _places(record.exc_info[1])
        return msgspec.json.encode(line, enc_hook=str).decode()


class ConsoleFormatter(logging.Formatter):
    """`02:10:07.123 info    letter dropped  reason=signed job_id=…`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; an exception's places follow on lines of their own."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = f"{_moment(record)[11:23]} {record.levelname.lower():7} {record.getMessage()}"
        if fields:
            line += f"  {fields}"
        if record.exc_info and record.exc_info[1]:
            line += f"  error={describe(record.exc_info[1])}"
            line += "".join(f"\n    {place}" for place in _places(record.exc_info[1]))
        return line


def describe(error: BaseException) -> str:
    """An error in words that hold no personal data: ours by their message, others by type and place."""
    if isinstance(error, BuffrSignError):
        return f"{type(error).__name__}: {error}"
    places = _places(error)
    return f"{type(error).__name__} at {places[-1]}" if places else type(error).__name__


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, FIELDS_ATTRIBUTE, {})
    return fields
