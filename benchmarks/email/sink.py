"""The sink: the least that is a mail server, so that what is measured is whoever sends.

    python -m benchmarks.email.sink FOLDER

It listens on two free ports of loopback, which it writes into FOLDER/ports: one for SMTP, and one that answers any line
with what it has counted. It takes all mail, keeps none, and notes who got how many letters under which Message-ID.
Letters to `warm-up…` are taken and not counted. Times are of the clock `time.monotonic`.
"""

import asyncio
import re
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

PORTS = "ports"
WARM_UP = "warm-up"

_GREETING = b"220 sink.example ESMTP\r\n"
_EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_ANSWERS = {
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"EHLO": _EHLO,
    b"HELO": b"250 sink.example\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
_UNKNOWN = b"500 5.5.1 what?\r\n"
_ACCEPTED = b"250 2.0.0 taken\r\n"
_END = b"\r\n.\r\n"
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]*>)", re.MULTILINE | re.IGNORECASE)


class Counted(msgspec.Struct, frozen=True):
    """What the sink has seen. `repeated`: letters to somebody who had one, or under a Message-ID that was used."""

    accepted: int
    repeated: int
    unnamed: int
    sessions: int
    peak_sessions: int
    first_at: float
    last_at: float
    cpu_s: float


@dataclass
class Books:
    """What is counted while the sink runs."""

    recipients: set[bytes] = field(default_factory=set)
    message_ids: set[bytes] = field(default_factory=set)
    accepted: int = 0
    unnamed: int = 0
    sessions: int = 0
    open_now: int = 0
    peak_sessions: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    def note(self, recipient: bytes, content: bytes) -> None:
        """One message was taken."""
        if recipient.startswith(WARM_UP.encode()):
            return
        named = _MESSAGE_ID.search(content)
        self.unnamed += named is None
        self.message_ids.add(named[1] if named else b"")
        self.recipients.add(recipient)
        self.accepted += 1
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at

    def counted(self) -> Counted:
        """As they stand now."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Counted(
            accepted=self.accepted,
            repeated=self.accepted - min(len(self.recipients), len(self.message_ids)),
            unnamed=self.unnamed,
            sessions=self.sessions,
            peak_sessions=self.peak_sessions,
            first_at=self.first_at,
            last_at=self.last_at,
            cpu_s=used.ru_utime + used.ru_stime,
        )


class Smtp(asyncio.Protocol):
    """One session. Commands may come one by one or all at once (RFC 2920)."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._received = bytearray()
        self._in_message = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's protocol has no other
        self._transport = transport
        self._books.sessions += 1
        self._books.open_now += 1
        self._books.peak_sessions = max(self._books.peak_sessions, self._books.open_now)
        transport.write(_GREETING)

    def connection_lost(self, _error: Exception | None) -> None:
        """It is no longer open."""
        self._books.open_now -= 1

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._received += data
        answers = []
        while (answer := self._next_answer()) is not None:
            answers.append(answer)
        self._transport.write(b"".join(answers))
        if answers and answers[-1] is _ANSWERS[b"QUIT"]:
            self._transport.close()

    def _next_answer(self) -> bytes | None:
        if self._in_message:
            return self._take_message()
        end = self._received.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._received[:end])
        del self._received[: end + 2]
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0]
        self._in_message = verb == b"DATA"
        return _ANSWERS.get(verb, _UNKNOWN)

    def _take_message(self) -> bytes | None:
        end = self._received.find(_END)
        if end < 0:
            return None
        content = bytes(self._received[:end])
        del self._received[: end + len(_END)]
        self._in_message = False
        self._books.note(self._recipient, content)
        return _ACCEPTED


async def serve(folder: Path) -> None:
    """Take mail until the process ends."""
    books = Books()

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(msgspec.json.encode(books.counted()) + b"\n")
        writer.close()

    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(lambda: Smtp(books), "127.0.0.1", 0)
    told = await asyncio.start_server(tell, "127.0.0.1", 0)
    ports = [str(each.sockets[0].getsockname()[1]) for each in (smtp, told)]
    (folder / "ports.new").write_text(" ".join(ports), encoding="ascii")
    (folder / "ports.new").rename(folder / PORTS)
    await asyncio.gather(smtp.serve_forever(), told.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
