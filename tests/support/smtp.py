"""A real SMTP server that answers as its script says, so that every ending of a delivery can be had on purpose.

    with ScriptedSmtp(Script(rcpt="450 4.2.0 greylisted"), Script()) as server:
        ...                                 # the first session is deferred at RCPT, all later ones are accepted
        assert server.messages == [b"..."]  # what arrived whole, whatever was answered then

An answer is a line of text, `DROP` (the connection closes instead), `HANG` (no answer until the client goes) or
`drip(text)` (byte by byte, with a pause after each). A list of answers is for the session's first letter, its second,
and so on; the last one stands for all that follow. After 421 the connection closes, as RFC 5321, 3.8 has it.
"""

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from buffrsign.mail.delivery import SmtpServer

DROP = "drop"
HANG = "hang"
DRIP_S = 0.05

_CERTIFICATE = Path(__file__).parent.parent / "golden" / "tls" / "localhost.pem"
_LONGEST_MESSAGE_BYTES = 64 * 2**20
_KERNEL_BUFFER_BYTES = 65_536  # what a dropped session has not read stays small, and the client sees the drop


class Drip(str):
    """An answer that comes byte by byte."""

    __slots__ = ()


def drip(text: str) -> Drip:
    """The answer, a byte each `DRIP_S`: no single read waits long, and all of them together do."""
    return Drip(text)


@dataclass(frozen=True)
class Script:
    """What one session is told, command by command."""

    greeting: str = "220 mx.example ESMTP"
    extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME")
    hello: str = ""
    """Answers EHLO and HELO instead of the extensions."""
    starttls: str = "220 go ahead"
    auth: str = "235 2.7.0 welcome"
    mail: str | Sequence[str] = "250 2.1.0 sender ok"
    rcpt: str | Sequence[str] = "250 2.1.5 recipient ok"
    data: str | Sequence[str] = "354 go on"
    drop_after_bytes: int | None = None
    """In the middle of a message the connection closes."""
    stall_after_bytes: int | None = None
    """In the middle of a message the server reads no further, and says nothing."""
    end_of_data: str | Sequence[str] = "250 2.0.0 queued as 4711"
    rset: str = "250 2.0.0 forgotten"
    letters: int | None = None
    """After so many messages the server closes the connection without a word."""

    @property
    def ehlo(self) -> str:
        """The reply to EHLO, one extension a line."""
        *lines, last = ("mx.example", *self.extensions)
        return self.hello or "".join(f"250-{line}\r\n" for line in lines) + f"250 {last}"


class ScriptedSmtp:
    """Listens on a free port of 127.0.0.1 while in its `with` block; the n-th session follows the n-th script.

    `sessions` counts those that began, `open_now` those that are open, and `peak` is the most that were open at once.
    """

    def __init__(self, *scripts: Script, implicit_tls: bool = False) -> None:
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.sessions = 0
        self.open_now = 0
        self.peak = 0
        self.port = 0
        self._scripts = scripts or (Script(),)
        self._implicit_tls = implicit_tls
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scripted-smtp")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10), "the scripted SMTP server did not start"
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def as_server(self, **changes: object) -> SmtpServer:
        """How a mailer finds this server."""
        settings: dict[str, object] = {"host": "127.0.0.1", "port": self.port, "timeout_s": 5.0, **changes}
        return SmtpServer(**settings)  # type: ignore[arg-type]

    def hang_up(self) -> None:
        """Close every connection that is open, without a word."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        tls = _server_tls() if self._implicit_tls else None
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER_BYTES)
        self.port = listener.getsockname()[1]
        server = await asyncio.start_server(self._session, sock=listener, ssl=tls, limit=_LONGEST_MESSAGE_BYTES)
        self._started.set()
        await self._stopping.wait()
        server.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)  # the transports tell their readers in the loop's next round

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.sessions, len(self._scripts) - 1)]
        self.sessions += 1
        self.open_now += 1
        self.peak = max(self.peak, self.open_now)
        self._writers.add(writer)
        try:
            await self._follow(script, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, or the script dropped it
        finally:
            writer.close()
            self._writers.discard(writer)
            self.open_now -= 1

    async def _follow(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        letter = -1
        await _answer(script.greeting, reader, writer)
        while True:
            command = (await reader.readuntil(b"\r\n")).decode().strip()
            self.commands.append(command)
            verb = command.split(" ")[0].upper()
            letter += verb == "MAIL"
            match verb:
                case "STARTTLS":
                    await _answer(script.starttls, reader, writer)
                    if script.starttls.startswith("220"):
                        await writer.start_tls(_server_tls())
                case "DATA":
                    await self._take_message(script, letter, reader, writer)
                case "QUIT":
                    await _answer("221 bye", reader, writer)
                    return
                case _:
                    await _answer(_reply(script, verb, letter), reader, writer)

    async def _stall(self, writer: asyncio.StreamWriter) -> None:
        """Until the server ends: who reads nothing does not hear that the client has gone."""
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        await self._stopping.wait()
        raise ConnectionResetError

    async def _take_message(
        self, script: Script, letter: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        data = _nth(script.data, letter)
        await _answer(data, reader, writer)
        if not data.startswith("354"):
            return
        if script.drop_after_bytes is not None:
            await reader.readexactly(script.drop_after_bytes)
            writer.transport.abort()
            raise ConnectionResetError
        if script.stall_after_bytes is not None:
            await reader.readexactly(script.stall_after_bytes)
            await self._stall(writer)
        self.messages.append((await reader.readuntil(b"\r\n.\r\n"))[: -len(b".\r\n")])
        await _answer(_nth(script.end_of_data, letter), reader, writer)
        if letter + 1 == script.letters:
            raise ConnectionResetError


def _reply(script: Script, verb: str, letter: int) -> str:
    """The answer to a command that has no consequence."""
    replies = {
        "EHLO": script.ehlo,
        "HELO": script.ehlo,
        "AUTH": script.auth,
        "MAIL": _nth(script.mail, letter),
        "RCPT": _nth(script.rcpt, letter),
        "RSET": script.rset,
    }
    return replies.get(verb, "502 not in the script")


def _nth(answers: str | Sequence[str], letter: int) -> str:
    """The answer for this letter of the session; a command that comes before MAIL is answered as the first one's."""
    if isinstance(answers, str):
        return answers
    return answers[min(max(letter, 0), len(answers) - 1)]


async def _answer(answer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if answer == DROP:
        raise ConnectionResetError
    if answer == HANG:
        await reader.read()  # ends when the client gives up
        raise ConnectionResetError
    line = f"{answer}\r\n".encode()
    for part in [line[at : at + 1] for at in range(len(line))] if isinstance(answer, Drip) else [line]:
        writer.write(part)
        await writer.drain()
        if isinstance(answer, Drip):
            await asyncio.sleep(DRIP_S)
    if answer.startswith("421"):
        raise ConnectionResetError


def as_it_was_sent(arrived: bytes) -> bytes:
    """A message without the dots that only travel (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.\.", b".", arrived)


def client_tls() -> ssl.SSLContext:
    """TLS that trusts the scripted server's certificate and nobody else."""
    return ssl.create_default_context(cafile=_CERTIFICATE)


def _server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_CERTIFICATE)
    return context


def a_message(text: str = "Hello,\n\n.a line that starts with a dot\n") -> EmailMessage:
    """A small message."""
    message = EmailMessage()
    message["Subject"] = "Please sign"
    message.set_content(text)
    return message
