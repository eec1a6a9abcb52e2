"""Sessions: one connection to a mail server, over which letters go out one after another."""

import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from buffrsign.mail.addresses import Mailbox
from buffrsign.mail.delivery.conversation import Conversation, converse, is_quiet, leave
from buffrsign.mail.outcomes import (
    Accepted,
    DeliveryUncertain,
    ProviderAway,
    Utf8NotOffered,
    as_text,
    not_accepted,
)
from buffrsign.mail.providers import SmtpServer

RESET_S = 5.0

_GO_ON = 354


class Session:
    """An open session; used by one letter at a time.

    `letters` counts those that it was given, `rested_at` is when it was last put aside.
    """

    def __init__(self, server: SmtpServer, *, ehlo_name: str, tls: ssl.SSLContext, letter_by: float) -> None:
        """Open it.

        What the server says about the session (greeting, TLS, login) is about us, not about a letter, so even a 5xx
        there defers: one wrong password must not turn every letter into a dead one.

        Raises:
            ProviderAway: the server cannot be reached, or will not talk to us.
        """
        self.host = server.host
        self.letters = 0
        self.rested_at = 0.0
        self._in_letter = False
        with _harmless("before the message", host=self.host):
            self._smtp: Conversation = converse(server, ehlo_name=ehlo_name, tls=tls, letter_by=letter_by)

    def begin(self, *, letter_by: float) -> None:
        """Take on another letter, which must be out by then on the monotonic clock."""
        self.letters += 1
        self._smtp.letter_by = letter_by

    def agree(self, sender: Mailbox, recipient: Mailbox) -> None:
        """Have the server agree to both addresses. No byte of a message has left yet.

        Raises:
            ProviderAway: the connection was lost, or the server closed the session or said no SMTP.
            MailDeferred: it said 4xx to an address.
            MailRefused: it said 5xx to an address, or cannot take one that is not ASCII.
        """
        utf8 = sender.needs_utf8 or recipient.needs_utf8
        if utf8 and not self._smtp.has_extn("smtputf8"):
            raise Utf8NotOffered(
                f"{self.host} does not offer SMTPUTF8, so an address outside ASCII cannot be reached; "
                "use another server or another address",
                host=self.host,
            )
        self._smtp.command_encoding = "utf-8" if utf8 else "ascii"
        options = " SMTPUTF8 BODY=8BITMIME" if utf8 else ""
        with _harmless("before the message", host=self.host):
            self._in_letter = True
            self._expect_ok("MAIL", *self._smtp.docmd("mail", f"FROM:<{sender.address}>{options}"))
            self._expect_ok("RCPT", *self._smtp.docmd("rcpt", f"TO:<{recipient.address}>"))

    def hand_over(self, content: bytes) -> Accepted:
        """Send the message, whose lines end in CRLF, and wait for the server's word on it.

        Raises:
            MailDeferred: the server said 4xx, or the connection was lost before the end of the message.
            MailRefused: the server said 5xx.
            DeliveryUncertain: the end of the message went out and no answer came back that can be understood.
        """
        with _harmless("before the end of the message", host=self.host):
            code, words = self._smtp.docmd("DATA")
            if code != _GO_ON:
                self._not_accepted("DATA", code, words)
            self._smtp.send(_on_the_wire(content))
        return self._answer_to_message()

    @property
    def max_message_bytes(self) -> int | None:
        """The largest message that the server says it takes (RFC 1870, 4); None where it names no bound."""
        said = self._smtp.esmtp_features.get("size", "") if self._smtp.has_extn("size") else ""
        is_number = said.isascii() and said.isdecimal() and len(said) <= 20  # RFC 1870, 3
        return (int(said) or None) if is_number else None

    @property
    def is_usable(self) -> bool:
        """Whether another letter can go out over it: all was answered, and the server has not said goodbye since."""
        return self._smtp.in_step and is_quiet(self._smtp)

    def reset(self) -> None:
        """Forget the addresses of a letter whose message did not go out (RFC 5321, 4.1.1.5)."""
        if not self._in_letter or not self.is_usable:
            return
        self._smtp.letter_by = time.monotonic() + RESET_S
        try:
            code, _words = self._smtp.docmd("rset")
        except OSError:
            return  # it is no longer in step, and so not usable
        self._in_letter = False
        self._smtp.in_step = 200 <= code < 300

    def leave(self) -> None:
        """Say goodbye and close."""
        leave(self._smtp)

    def drop(self) -> None:
        """Close without a word: the process has ended the talk, or another process owns it."""
        self._smtp.close()

    def _answer_to_message(self) -> Accepted:
        self._smtp.letter_by = time.monotonic() + self._smtp.answer_s  # doubt is dear, so it has a time of its own
        try:
            code, words = self._smtp.getreply()
        except OSError as error:
            raise self._uncertain("no answer came") from error
        self._in_letter = False
        if 200 <= code < 300:
            return Accepted(self.host, as_text(code, words))
        if 400 <= code < 600:
            self._not_accepted("the message", code, words)
        self._smtp.in_step = False
        raise self._uncertain("the answer was no SMTP", response=as_text(code, words))

    def _expect_ok(self, command: str, code: int, words: bytes) -> None:
        if not 200 <= code < 300:
            self._not_accepted(command, code, words)

    def _not_accepted(self, what: str, code: int, words: bytes) -> NoReturn:
        error = not_accepted(what, code, words, host=self.host)
        if isinstance(error, ProviderAway):
            self._smtp.in_step = False  # it closes the session, or what comes next cannot be trusted
        raise error

    def _uncertain(self, reason: str, *, response: str = "") -> DeliveryUncertain:
        return DeliveryUncertain(
            f"the whole message went out to {self.host} and {reason}; look in that server's log before sending again",
            host=self.host,
            response=response,
        )


@contextmanager
def _harmless(when: str, *, host: str) -> Iterator[None]:
    """Whatever breaks in this block, the server has not taken the message."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise ProviderAway(
            f"{host} would not talk to us (SMTP {error.smtp_code}) {when}; check its address, login and TLS settings",
            host=host,
            response=as_text(error.smtp_code, error.smtp_error),
        ) from error
    except (OSError, ValueError) as error:  # the latter: a host name or a challenge of AUTH that is none
        raise ProviderAway(
            f"the connection to {host} failed {when} ({type(error).__name__}); the letter will be tried again",
            host=host,
        ) from error


def _on_the_wire(content: bytes) -> bytes:
    """The message's bytes with dots doubled at line starts and the closing dot (RFC 5321, 4.5.2)."""
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    first = b"." if content.startswith(b".") else b""
    return first + content.replace(b"\n.", b"\n..") + end
