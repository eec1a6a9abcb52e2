"""A mail server for one machine: takes every letter, delivers none, and keeps each as an `.eml` file.

    python -m workers.smtp_catcher --folder var/mail --port 0 --port-file var/mail.port

It listens on 127.0.0.1 only. A file appears whole or not at all, is named by its time and number, and opens with the
envelope's addresses in `X-MailFrom` and `X-RcptTo`.
"""

import argparse
import asyncio
import email
import email.policy
import itertools
import logging
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from buffrsign.core.clock import Clock, utc_now
from buffrsign.core.logs import get_logger

LOOPBACK = "127.0.0.1"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = get_logger(__name__)


class SmtpCatcher:
    """Serves on a thread of its own from `start` to `stop`; port 0 takes any free one."""

    def __init__(self, folder: Path, *, port: int = 0, clock: Clock = utc_now) -> None:
        self._folder = folder
        self._port = port
        self._clock = clock
        self._numbers = itertools.count(1)
        self._serving: _Serving | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the port is known once started."""
        return LOOPBACK, self._port

    def start(self) -> None:
        """Listen; letters are taken from when this returns.

        Raises:
            OSError: the port is taken.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        listener = socket.create_server(self.address)
        self._port = listener.getsockname()[1]
        self._serving = _Serving(lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True), listener)
        self._serving.start()

    def stop(self) -> None:
        """Close every connection and free the port; harmless when not started."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    def messages(self) -> list[EmailMessage]:
        """Every letter in the folder, oldest first."""
        files = sorted(self._folder.glob("*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter, then say so; aiosmtpd calls this by its name."""
        name = f"{self._clock():%Y%m%dT%H%M%S%f}Z-{next(self._numbers):06}.eml"
        _write_whole(self._folder / name, _as_file(envelope))
        log.info("letter was caught", file=name)
        return f"250 2.0.0 kept as {name}"


class _Serving(threading.Thread):
    """One event loop on one thread, from `start` to `stop`."""

    def __init__(self, session: Callable[[], asyncio.BaseProtocol], listener: socket.socket) -> None:
        super().__init__(name="smtp-catcher", daemon=True)
        self._session = session
        self._listener = listener
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def run(self) -> None:
        """Serve until `stop`, then break off whatever session is still open."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """Returns once the port is free and the thread has ended."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self.join()

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._session, sock=self._listener)
        await self._stopping.wait()
        server.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Catch letters until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m workers.smtp_catcher", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the .eml files go")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--port-file", type=Path, help="is written with the port once letters are taken")
    options = parser.parse_args(arguments)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's; below that it logs addresses
    # Blocked before the thread starts, so that only `sigwait` below ever sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    with SmtpCatcher(options.folder, port=options.port) as catcher:
        host, port = catcher.address
        log.info("mail catcher started", host=host, port=port)
        if options.port_file:
            _write_whole(options.port_file, f"{port}\n".encode())
        signal.sigwait(STOP_SIGNALS)
    log.info("mail catcher stopped")


def _as_file(envelope: Envelope) -> bytes:
    addresses = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
    return addresses.encode() + (envelope.original_content or b"")


def _write_whole(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


if __name__ == "__main__":
    main()
