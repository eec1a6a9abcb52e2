"""A real SMTP server that answers as its script says, so that every ending of a delivery can be had on purpose.

    with ScriptedSmtp(Script(rcpt="450 4.2.0 greylisted"), Script()) as server:
        ...                                 # the first session is deferred at RCPT, all later ones are accepted
        assert server.messages == [b"..."]  # what arrived whole, whatever was answered then

An answer is a line of text, `DROP` (the connection closes instead) or `HANG` (no answer until the client goes).
"""

import asyncio
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from buffrsign.mail.delivery import SmtpServer

DROP = "drop"
HANG = "hang"

_CERTIFICATE = Path(__file__).parent.parent / "golden" / "tls" / "localhost.pem"


@dataclass(frozen=True)
class Script:
    """What one session is told, command by command."""

    greeting: str = "220 mx.example ESMTP"
    extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME")
    auth: str = "235 2.7.0 welcome"
    mail: str = "250 2.1.0 sender ok"
    rcpt: str = "250 2.1.5 recipient ok"
    data: str = "354 go on"
    end_of_data: str = "250 2.0.0 queued as 4711"

    @property
    def ehlo(self) -> str:
        """The reply to EHLO, one extension a line."""
        *lines, last = ("mx.example", *self.extensions)
        return "".join(f"250-{line}\r\n" for line in lines) + f"250 {last}"


class ScriptedSmtp:
    """Listens on a free port of 127.0.0.1 while in its `with` block; the n-th session follows the n-th script."""

    def __init__(self, *scripts: Script, implicit_tls: bool = False) -> None:
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.sessions = 0
        self.port = 0
        self._scripts = scripts or (Script(),)
        self._implicit_tls = implicit_tls
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

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        tls = _server_tls() if self._implicit_tls else None
        server = await asyncio.start_server(self._session, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.sessions, len(self._scripts) - 1)]
        self.sessions += 1
        try:
            await self._follow(script, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, or the script dropped it
        finally:
            writer.close()

    async def _follow(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(script.greeting, reader, writer)
        while True:
            command = (await reader.readuntil(b"\r\n")).decode().strip()
            self.commands.append(command)
            match command.split(" ")[0].upper():
                case "EHLO":
                    await _answer(script.ehlo, reader, writer)
                case "STARTTLS":
                    await _answer("220 go ahead", reader, writer)
                    await writer.start_tls(_server_tls())
                case "AUTH":
                    await _answer(script.auth, reader, writer)
                case "MAIL":
                    await _answer(script.mail, reader, writer)
                case "RCPT":
                    await _answer(script.rcpt, reader, writer)
                case "DATA":
                    await _answer(script.data, reader, writer)
                    if script.data.startswith("354"):
                        self.messages.append((await reader.readuntil(b"\r\n.\r\n"))[: -len(b".\r\n")])
                        await _answer(script.end_of_data, reader, writer)
                case "QUIT":
                    await _answer("221 bye", reader, writer)
                    return
                case _:
                    await _answer("502 not in the script", reader, writer)


async def _answer(answer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if answer == DROP:
        raise ConnectionResetError
    if answer == HANG:
        await reader.read()  # ends when the client gives up
        raise ConnectionResetError
    writer.write(f"{answer}\r\n".encode())
    await writer.drain()


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
