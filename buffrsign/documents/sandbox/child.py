"""A child: it gives up what it does not need, and then reads one file after another, until nobody asks any more."""

import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from buffrsign.core.logs import FIELDS_ATTRIBUTE
from buffrsign.documents.outcome import Reason, Unreadable
from buffrsign.documents.sandbox.confinement import Meter, confine
from buffrsign.documents.sandbox.limits import Limits
from buffrsign.documents.sandbox.peak import held_at_most
from buffrsign.documents.sandbox.readers import Reader
from buffrsign.documents.sandbox.wire import ASKED, Ask, Begun, Gone, Read, Refused, receive_with_file, send


def serve(connection: socket.socket, readers: Mapping[str, Reader], *, limits: Limits, rules: int | None) -> None:
    """Answer on this connection until its other end closes."""
    _be_silent()
    heard = _Errors()
    meter = Meter(limits)
    send(connection, Begun(confine(limits, rules), held_at_most()))
    with suppress(Gone):
        while True:
            asked, file = receive_with_file(connection, ASKED)
            if file is None:
                return
            send(connection, _answer(asked, file, readers, meter, heard=heard, limits=limits))


def _answer(
    asked: Ask, file: int, readers: Mapping[str, Reader], meter: Meter, *, heard: "_Errors", limits: Limits
) -> Read | Refused:
    heard.last = ""
    value: msgspec.Raw | Reason
    try:
        with meter.allowance():
            value = _read(asked, file, readers[asked.reader])
    except MemoryError:
        heard.last, value = "MemoryError", Reason.RESOURCE_LIMIT
    except BaseException as error:  # noqa: BLE001 - the border: whatever a parser raises, also `SystemExit`
        heard.last, value = type(error).__name__, Reason.DAMAGED
    finally:
        os.close(file)
    if isinstance(value, msgspec.Raw):
        if len(value) <= limits.output_bytes:
            return Read(value, meter.has_grown(), meter.peak_bytes())
        value = Reason.RESOURCE_LIMIT
    is_spent = meter.has_grown() or value is Reason.RESOURCE_LIMIT
    return Refused(value, is_spent, heard.last, meter.peak_bytes())


def _read(asked: Ask, file: int, reader: Reader) -> msgspec.Raw | Reason:
    found = reader.read(_bytes_of(file), **asked.options)
    return found.reason if isinstance(found, Unreadable) else msgspec.Raw(msgspec.msgpack.encode(found))


def _bytes_of(file: int) -> bytes:
    size = os.fstat(file).st_size
    data = os.pread(file, size, 0)
    if len(data) != size:
        raise OSError("the file became shorter while it was read")
    return data


def _be_silent() -> None:
    """Whatever a parser prints goes nowhere. The zygote's own connection, its standard input, closes here too."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.close(nowhere)


class _Errors(logging.Handler):
    """Keeps the class of the last error that the border logged, so that the worker can log it."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""
        logging.getLogger("buffrsign").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`."""
        fields: Mapping[str, Any] = getattr(record, FIELDS_ATTRIBUTE, {})
        self.last = str(fields.get("error", ""))
