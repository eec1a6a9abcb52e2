"""Logs are events: a constant sentence in the past tense, and values in fields.

    log = get_logger(__name__)
    with bind(job_id=job_id, kind=kind):
        log.info("letter dropped", reason="signed")

Bound fields ride with every record of the block, on this thread or task only. Never log a payload, a token,
an address or a page. How records look is decided in `config/logging.py`.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

FIELDS_ATTRIBUTE = "fields"

_bound: ContextVar[Mapping[str, object]] = ContextVar("bound_log_fields", default=MappingProxyType({}))


class EventLogger:
    """A standard logger whose calls take the event's values as keyword arguments."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def info(self, event: str, **fields: object) -> None:
        """Something a person would ask about later."""
        self._emit(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """We coped, and somebody may want to know."""
        self._emit(logging.WARNING, event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: object) -> None:
        """Someone must look. The error's traceback is kept; its values are not."""
        self._emit(logging.ERROR, event, fields, error)

    def _emit(self, level: int, event: str, fields: Mapping[str, object], error: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            extra = {FIELDS_ATTRIBUTE: {**_bound.get(), **fields}}
            self._logger.log(level, event, extra=extra, exc_info=error, stacklevel=3)


def get_logger(name: str) -> EventLogger:
    """The event logger of a module: `get_logger(__name__)`."""
    return EventLogger(logging.getLogger(name))


class bind:  # noqa: N801 - used like a function; a generator would cost each job some microseconds
    """Add fields to every event logged inside the block."""

    __slots__ = ("_fields", "_token")

    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _bound.set({**_bound.get(), **self._fields})

    def __exit__(self, *_error: object) -> None:
        _bound.reset(self._token)
