"""No error of a PDF library leaves this package: it becomes an `Unreadable`, and the libraries' logs stay silent."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from buffrsign.core.errors import Permanent
from buffrsign.core.logs import get_logger
from buffrsign.documents.outcome import MAX_BYTES, Reason, Unreadable

_HEADER = b"%PDF-"
_HEADER_WITHIN_BYTES = 1024  # readers accept other bytes before the header up to here: ISO 32000-1, annex H, note 13
_ZIP = b"PK\x03\x04"  # its first file's header may stand as near the beginning

Options = ParamSpec("Options")
Value = TypeVar("Value")

log = get_logger(__name__)

for library in ("pypdf", "pypdfium2", "PIL", "pikepdf"):
    logging.getLogger(library).setLevel(logging.CRITICAL + 1)  # their warnings quote the document


class Refused(Permanent):
    """The reason to read no further is known. Raised and answered inside this package only."""

    def __init__(self, reason: Reason) -> None:
        self.outcome = Unreadable.because(reason)
        super().__init__(self.outcome.detail)


def reads_pdf(
    read: Callable[Concatenate[bytes, Options], Value],
) -> Callable[Concatenate[bytes, Options], Value | Unreadable]:
    """Let a function of a PDF's bytes return `Unreadable` where it would raise.

    What can be refused without parsing (nothing, too much, no header) never reaches it.
    """

    @wraps(read)
    def read_pdf(data: bytes, /, *args: Options.args, **options: Options.kwargs) -> Value:
        if _HEADER not in data[:_HEADER_WITHIN_BYTES] or data.startswith(_ZIP):
            raise Refused(Reason.NOT_A_PDF)
        return read(data, *args, **options)

    return reads_file(read_pdf)


def reads_file(
    read: Callable[Concatenate[bytes, Options], Value],
) -> Callable[Concatenate[bytes, Options], Value | Unreadable]:
    """The same for the bytes of any file: only nothing and too much are refused unread."""

    @wraps(read)
    def read_or_say_why(data: bytes, /, *args: Options.args, **options: Options.kwargs) -> Value | Unreadable:
        try:
            _refuse_at_sight(data)
            return read(data, *args, **options)
        except Exception as error:  # noqa: BLE001 - a hostile file makes the parsers raise nearly every built-in error
            return outcome_of(error)

    return read_or_say_why


def outcome_of(error: Exception) -> Unreadable:
    """What an error of a parser says about what it read; one that says nothing about it is raised again."""
    if isinstance(error, Refused):
        return error.outcome
    if _is_about_time(error):
        raise error
    log.warning("document could not be read", error=type(error).__name__)
    return Unreadable.because(Reason.RESOURCE_LIMIT if isinstance(error, MemoryError) else Reason.DAMAGED)


def _refuse_at_sight(data: bytes) -> None:
    if not data:
        raise Refused(Reason.EMPTY)
    if len(data) > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE)


def _is_about_time(error: Exception) -> bool:
    """Whether Celery's soft time limit interrupted us: that says nothing about the document.

    By name, because this floor does not import Celery.
    """
    return type(error).__name__ == "SoftTimeLimitExceeded"


def attempt(read: Callable[[], Value]) -> Value | None:
    """What a parser reads; None where it fails in whatever way, since another may do better.

    Raises:
        Refused, MemoryError: no other would. A time limit passes, too.
    """
    try:
        return read()
    except (Refused, MemoryError):
        raise
    except Exception as error:
        if _is_about_time(error):
            raise
        return None
