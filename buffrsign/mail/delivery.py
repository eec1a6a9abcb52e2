"""Delivery: one message over one SMTP session, spoken step by step so that every ending is known for what it is.

Until the message's last byte is out, a failure is harmless: the server cannot have taken it. After the server's
answer there is certainty. In between, when the connection dies, there is doubt, and doubt is never resent blindly.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from types import TracebackType
from typing import Literal, Self

from buffrsign.core.errors import BuffrSignError, Permanent, Transient

LONGEST_RESPONSE = 2000

_GO_ON = 354
_LINE_STARTS_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)

AUTHENTICATION_REQUIRED = 530
"""RFC 4954, 6: said to MAIL, and yet about our session. A missing login must not turn every letter into a dead one."""


class MailError(BuffrSignError):
    """A letter was not accepted. `response` is the server's own words: for the record, never for a log."""

    def __init__(self, message: str, *, host: str, response: str = "") -> None:
        super().__init__(message)
        self.host = host
        self.response = response


class MailDeferred(MailError, Transient):
    """The server is away, or said "later" (4xx): it has not taken the message, so trying again is safe."""


class MailRefused(MailError, Permanent):
    """The server will never take this message for this recipient (5xx)."""


class DeliveryUncertain(MailError, Permanent):
    """The connection was lost after the message's last byte and before the answer: the server may have taken it."""


@dataclass(frozen=True)
class SmtpServer:
    """A mail server that takes letters from us; `timeout_s` bounds the wait for each of its answers."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Literal["none", "starttls", "tls"] = "none"
    timeout_s: float = 30.0


@dataclass(frozen=True)
class Accepted:
    """The server has taken the message and answers for it from now on (RFC 5321, 4.2.5)."""

    host: str
    response: str


class Envelope:
    """A session in which the server has agreed to a sender and a recipient, and awaits the message."""

    def __init__(self, smtp: smtplib.SMTP, *, host: str, utf8: bool) -> None:
        self.host = host
        self._smtp = smtp
        self._utf8 = utf8

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _leave(self._smtp)

    def send(self, message: EmailMessage) -> Accepted:
        """Send the message and wait for the server's word on it.

        Raises:
            MailDeferred: the server said 4xx, or the connection was lost before the end of the message.
            MailRefused: the server said 5xx.
            DeliveryUncertain: the end of the message went out and no answer came back that can be understood.
        """
        content = _on_the_wire(message, utf8=self._utf8)
        with _harmless("before the end of the message", host=self.host):
            code, words = self._smtp.docmd("DATA")
            if code != _GO_ON:
                raise _not_accepted("DATA", code, words, host=self.host)
            self._smtp.send(content)
        return self._answer_to_message()

    def _answer_to_message(self) -> Accepted:
        try:
            code, words = self._smtp.getreply()
        except OSError as error:
            raise self._uncertain("no answer came") from error
        if 200 <= code < 300:
            return Accepted(self.host, _as_text(code, words))
        if 400 <= code < 600:
            raise _not_accepted("the message", code, words, host=self.host)
        raise self._uncertain("the answer was no SMTP", response=_as_text(code, words))

    def _uncertain(self, reason: str, *, response: str = "") -> DeliveryUncertain:
        return DeliveryUncertain(
            f"the whole message went out to {self.host} and {reason}; look in that server's log before sending again",
            host=self.host,
            response=response,
        )


class Mailer:
    """Hands messages to one mail server, one session each."""

    def __init__(self, server: SmtpServer, *, ehlo_name: str, tls: ssl.SSLContext | None = None) -> None:
        """`ehlo_name` is how this machine calls itself (RFC 5321, 4.1.1.1); `tls` trusts the system's authorities."""
        self._server = server
        self._host = server.host
        self._ehlo_name = ehlo_name
        self._tls = tls or ssl.create_default_context()

    def address(self, *, sender: str, recipient: str) -> Envelope:
        """Connect, and have the server agree to the two addresses. No byte of a message has left yet.

        What the server says about the session (greeting, TLS, login) is about us, not about this letter, so even a
        5xx there defers: one wrong password must not turn every letter into a dead one.

        Raises:
            MailDeferred: it cannot be reached, will not talk to us, or said 4xx to an address.
            MailRefused: it said 5xx to an address, or cannot take one that is not ASCII.
        """
        with _harmless("before the message", host=self._host):
            smtp = self._connect()
            try:
                utf8 = self._agree(smtp, sender=sender, recipient=recipient)
            except BaseException:
                _leave(smtp)
                raise
        return Envelope(smtp, host=self._host, utf8=utf8)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            return smtplib.SMTP_SSL(
                server.host, server.port, self._ehlo_name, timeout=server.timeout_s, context=self._tls
            )
        return smtplib.SMTP(server.host, server.port, self._ehlo_name, timeout=server.timeout_s)

    def _agree(self, smtp: smtplib.SMTP, *, sender: str, recipient: str) -> bool:
        """Introduce ourselves and give both addresses; whether the session needs SMTPUTF8 (RFC 6531)."""
        if self._server.security == "starttls":
            smtp.starttls(context=self._tls)
        if self._server.username is not None:
            smtp.login(self._server.username, self._server.password or "")
        smtp.ehlo_or_helo_if_needed()
        utf8 = not (sender.isascii() and recipient.isascii())
        if utf8 and not smtp.has_extn("smtputf8"):
            raise MailRefused(
                f"{self._host} does not offer SMTPUTF8, so an address outside ASCII cannot be reached; "
                "use another server or another address",
                host=self._host,
            )
        options = ("SMTPUTF8", "BODY=8BITMIME") if utf8 else ()
        self._expect_ok("MAIL", smtp.mail(sender, options))
        self._expect_ok("RCPT", smtp.rcpt(recipient))
        return utf8

    def _expect_ok(self, command: str, reply: tuple[int, bytes]) -> None:
        code, words = reply
        if not 200 <= code < 300:
            raise _not_accepted(command, code, words, host=self._host)


@contextmanager
def _harmless(when: str, *, host: str) -> Iterator[None]:
    """Whatever breaks in this block, the server has not taken the message."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise MailDeferred(
            f"{host} would not talk to us (SMTP {error.smtp_code}) {when}; check its address, login and TLS settings",
            host=host,
            response=_as_text(error.smtp_code, error.smtp_error),
        ) from error
    except OSError as error:
        raise MailDeferred(
            f"the connection to {host} failed {when} ({type(error).__name__}); the letter will be tried again",
            host=host,
        ) from error


def _not_accepted(what: str, code: int, words: bytes, *, host: str) -> MailDeferred | MailRefused:
    response = _as_text(code, words)
    if 500 <= code < 600 and code != AUTHENTICATION_REQUIRED:
        return MailRefused(
            f"{host} refused {what} (SMTP {code}) for good; its words are in the delivery record",
            host=host,
            response=response,
        )
    return MailDeferred(
        f"{host} did not take {what} now (SMTP {code}); the letter will be tried again", host=host, response=response
    )


def _on_the_wire(message: EmailMessage, *, utf8: bool) -> bytes:
    """The message's bytes with dots doubled at line starts and the closing dot (RFC 5321, 4.5.2)."""
    content = message.as_bytes(policy=SMTPUTF8 if utf8 else SMTP)
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    return _LINE_STARTS_WITH_DOT.sub(b"..", content) + end


def _as_text(code: int, words: bytes | str) -> str:
    """The server's answer as the record keeps it: of bounded length, and without NUL, which PostgreSQL cannot hold."""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {said}".replace("\x00", "")[:LONGEST_RESPONSE]


def _leave(smtp: smtplib.SMTP) -> None:
    """Say goodbye if the server still listens; what came before stands either way."""
    with suppress(OSError):
        smtp.quit()
    smtp.close()
