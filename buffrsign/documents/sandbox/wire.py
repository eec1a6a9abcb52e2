"""How the worker, the zygote and its children talk: MessagePack behind its length, over Unix sockets.

The worker gives orders to the zygote, and asks a child. Open files travel beside a message.
"""

import socket
import time
from struct import Struct
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec.msgpack import Decoder

from buffrsign.documents.outcome import Reason
from buffrsign.documents.sandbox.libreoffice.limits import OfficeLimits

Message = TypeVar("Message")
Count = Annotated[int, msgspec.Meta(ge=0)]
SHORT_BYTES = 64 * 1024
"""No message but an answer is longer."""

_LENGTH = Struct(">I")
_MOST_AT_ONCE = 1024 * 1024


class Gone(ConnectionError):
    """The other side ended."""


class Garbled(Gone):
    """It lives, and said what is no message; nothing that it says later can be understood."""


class TooLong(Exception):
    """The message is longer than was allowed. It was not read."""


class Fork(msgspec.Struct, frozen=True, tag=True):
    """To the zygote, with one end of a connection: make a child that serves it. It answers `Forked`."""


class End(msgspec.Struct, frozen=True, tag=True):
    """To the zygote: kill this child of yours, if it lives. It answers `Ended`.

    Only the zygote may: until it has waited for a child, nobody else has that number.
    """

    pid: int


class Convert(msgspec.Struct, frozen=True, tag=True):
    """To the zygote, with one end of a connection: have LibreOffice make a PDF, in this folder. It answers `Forked`.

    The child says `Begun`, and then what LibreOffice says; the connection closes when it ends. The zygote removes the
    folder if the worker goes before it has ended the child.
    """

    program: str
    scratch: str
    document: str
    import_filter: str
    limits: OfficeLimits


class Forked(msgspec.Struct, frozen=True):
    """The child's number."""

    pid: int


class Ended(msgspec.Struct, frozen=True):
    """How a child ended: its wait status, and the most memory that it held."""

    status: int
    peak_bytes: int


class Confined(msgspec.Struct, frozen=True, kw_only=True):
    """What this kernel enforces on a child, beside the limits of POSIX.

    `network`: it can open no socket. `programs`: it can start neither a program nor a process. `files`: it can write
    none, and reads only Python's own and fonts. `privileges`: it has none, and can get none.
    """

    network: bool
    programs: bool
    files: bool
    privileges: bool


class Begun(msgspec.Struct, frozen=True):
    """A child's first message. `idle_bytes`: the memory that it holds, and shares, before it reads anything."""

    confined: Confined
    idle_bytes: Count


class Ask(msgspec.Struct, frozen=True):
    """To a child, with a file: read it so."""

    reader: str
    options: dict[str, int]


class Read(msgspec.Struct, frozen=True, tag=True):
    """What the reader returned. `is_spent`: the child has grown, and wants to be replaced.

    `peak_bytes`: the most memory that it held over what it held when the file came; resident, not reserved.
    """

    value: msgspec.Raw
    is_spent: bool
    peak_bytes: Count


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be read. `error`: the class of what was raised, for the log; never its words."""

    reason: Reason
    is_spent: bool
    error: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_]{0,80}\Z")] = ""
    peak_bytes: Count = 0


ORDERS: Decoder[Fork | Convert | End] = Decoder(Fork | Convert | End)
FORKED = Decoder(Forked)
ENDED = Decoder(Ended)
BEGUN = Decoder(Begun)
ASKED = Decoder(Ask)
ANSWERS: Decoder[Read | Refused] = Decoder(Read | Refused)


def send(connection: socket.socket, message: Any, *, file: int | None = None) -> None:
    """Write a message.

    Raises:
        Gone: the other side ended.
        TimeoutError: it took nothing for as long as the connection waits.
    """
    body = msgspec.msgpack.encode(message)
    frame = _LENGTH.pack(len(body)) + body
    try:
        sent = connection.send(frame) if file is None else socket.send_fds(connection, [frame], [file])
        connection.sendall(frame[sent:])
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Gone from error


def receive(
    connection: socket.socket, expected: Decoder[Message], *, at_most: int = SHORT_BYTES, deadline: float | None = None
) -> Message:
    """Read one of these messages, as a whole by the deadline (of `time.monotonic`).

    Raises:
        Gone: the other side ended; `Garbled`: it said what is none of them.
        TooLong: it is longer than `at_most` bytes.
        TimeoutError: it was not whole in time.
    """
    message, files = _receive(connection, expected, at_most=at_most, deadline=deadline, files=0)
    assert not files  # noqa: S101 - none was taken
    return message


def receive_with_file(connection: socket.socket, expected: Decoder[Message]) -> tuple[Message, int | None]:
    """Read one of these messages, and the open file that came with it, if any; the caller closes it.

    Raises:
        Gone: the other side ended; `Garbled`: it said what is none of them.
    """
    message, files = _receive(connection, expected, at_most=SHORT_BYTES, deadline=None, files=1)
    return message, files[0] if files else None


def _receive(
    connection: socket.socket, expected: Decoder[Message], *, at_most: int, deadline: float | None, files: int
) -> tuple[Message, list[int]]:
    try:
        head, came = _head(connection, files, deadline)
        [length] = _LENGTH.unpack(head)
        if length > at_most:
            raise TooLong
        return expected.decode(_exactly(connection, length, deadline)), came
    except ConnectionResetError as error:
        raise Gone from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Garbled from error


def _head(connection: socket.socket, files: int, deadline: float | None) -> tuple[bytes, list[int]]:
    """The length, with which open files come."""
    if not files:
        return _exactly(connection, _LENGTH.size, deadline), []
    head, came, _flags, _address = socket.recv_fds(connection, _LENGTH.size, files)
    if not head:
        raise Gone
    return head + _exactly(connection, _LENGTH.size - len(head), deadline), came


def _exactly(connection: socket.socket, count: int, deadline: float | None) -> bytes:
    whole = bytearray()
    while len(whole) < count:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 1e-6))
        part = connection.recv(min(count - len(whole), _MOST_AT_ONCE))
        if not part:
            raise Gone
        whole += part
    return bytes(whole)
