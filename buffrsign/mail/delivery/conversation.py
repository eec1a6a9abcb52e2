"""Conversations: SMTP as `smtplib` speaks it, with a bound on each answer as a whole, and not only on each read.

A server that sends one byte a second never lets a socket's time-out run out. Here every wait is cut to what is left of
the answer's time and of the letter's.
"""

import select
import smtplib
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from buffrsign.mail.providers import SmtpServer

LONGEST_REPLY_BYTES = 65_536
GOODBYE_S = 2.0
_CHUNK_BYTES = 262_144
_READ_BYTES = 8192


# Mixed into smtplib's two classes, whose attributes it uses.
if TYPE_CHECKING:
    _Base = smtplib.SMTP
else:
    _Base = object


class _Bounded(_Base):
    """What the plain and the encrypted conversation have in common."""

    answer_s: float
    letter_by: float
    in_step = False
    """Whether every command was answered in full, so that the next answer will be the next command's."""

    def send(self, s: str | bytes) -> None:  # type: ignore[override]
        """Send all of it before the letter's time is over; otherwise the connection is closed and OSError raised."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        if isinstance(self.file, _Answers) and self.file.is_unasked:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server spoke out of turn")
        self.in_step = False
        content = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        try:
            for start in range(0, len(content), _CHUNK_BYTES):
                self.sock.settimeout(_left(self.letter_by))
                self.sock.sendall(content[start : start + _CHUNK_BYTES])
        except OSError:
            self.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """The next answer: its code, -1 where it has none, and its words."""
        self.in_step = False
        if self.file is None:
            self.file = _Answers(self)
        self.file.await_answer(min(time.monotonic() + self.answer_s, self.letter_by))
        code, words = super().getreply()
        self.in_step = 200 <= code < 600
        return code, words


class _Answers:
    """What the server says, line by line, until the answer's time, or its size, is over."""

    def __init__(self, conversation: _Bounded) -> None:
        self._conversation = conversation
        self._said = bytearray()
        self.await_answer(0)

    @property
    def is_unasked(self) -> bool:
        """Whether more was said than was asked for. It could be taken for the answer to what comes next."""
        return bool(self._said)

    def await_answer(self, by: float) -> None:
        self._by = by
        self._left_bytes = LONGEST_REPLY_BYTES

    def readline(self, limit: int) -> bytes:
        """As files have it, but a line without its end is none: the rest of it might have changed its meaning."""
        while (end := self._said.find(b"\n") + 1) == 0 and len(self._said) < limit:
            if not self._receive():
                return b""
        line = bytes(self._said[: min(end or limit, limit)])
        del self._said[: len(line)]
        return line

    def close(self) -> None:
        """Called by smtplib; the socket is closed there."""

    def _receive(self) -> bool:
        if self._left_bytes <= 0:
            raise smtplib.SMTPServerDisconnected("the answer does not end")
        socket = self._conversation.sock
        assert socket is not None  # noqa: S101 - whoever closes it drops this reader first
        socket.settimeout(_left(self._by))
        received = socket.recv(_READ_BYTES)
        self._left_bytes -= len(received)
        self._said += received
        return bool(received)


def _left(by: float) -> float:
    """Seconds until then; at none, TimeoutError, as if the socket had waited."""
    left_s = by - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the time is over")
    return left_s


class _Plain(_Bounded, smtplib.SMTP):
    def __init__(self, server: SmtpServer, *, ehlo_name: str, letter_by: float) -> None:
        self.answer_s, self.letter_by = server.timeout_s, letter_by
        wait_s = min(server.timeout_s, _left(letter_by))
        super().__init__(server.host, server.port, ehlo_name, timeout=wait_s)


class _Encrypted(_Bounded, smtplib.SMTP_SSL):
    def __init__(self, server: SmtpServer, *, ehlo_name: str, letter_by: float, tls: ssl.SSLContext) -> None:
        self.answer_s, self.letter_by = server.timeout_s, letter_by
        wait_s = min(server.timeout_s, _left(letter_by))
        super().__init__(server.host, server.port, ehlo_name, timeout=wait_s, context=tls)


Conversation = _Plain | _Encrypted


def converse(server: SmtpServer, *, ehlo_name: str, tls: ssl.SSLContext, letter_by: float) -> Conversation:
    """Connect, encrypt where that was asked for, and log in. Nothing is said in clear that was to be encrypted.

    Raises:
        OSError: the server is not there, will not talk to us, or took too long; smtplib's own errors are of this kind.
    """
    if server.security == "tls":
        smtp: Conversation = _Encrypted(server, ehlo_name=ehlo_name, letter_by=letter_by, tls=tls)
    else:
        smtp = _Plain(server, ehlo_name=ehlo_name, letter_by=letter_by)
    try:
        if server.security == "starttls":
            smtp.starttls(context=tls)
        if server.username is not None:
            smtp.login(server.username, server.password or "")
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        leave(smtp)
        raise
    return smtp


def is_quiet(smtp: Conversation) -> bool:
    """Whether the server has said nothing since its last answer: an idle one speaks only to say goodbye, or by EOF."""
    if smtp.sock is None:
        return False
    poll = select.poll()
    poll.register(smtp.sock, select.POLLIN)
    return not poll.poll(0)


def leave(smtp: Conversation) -> None:
    """Say goodbye if the server still listens, and close; what came before stands either way."""
    if smtp.in_step:
        smtp.letter_by = time.monotonic() + GOODBYE_S
        with suppress(OSError):
            smtp.docmd("quit")
    smtp.close()
