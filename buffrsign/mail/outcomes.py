"""How a delivery ends: what is told to whoever brought the letter, and who must act next."""

from dataclasses import dataclass, field
from datetime import timedelta

from buffrsign.core.errors import BuffrSignError, NotYet, Permanent, Transient
from buffrsign.mail.enclosures import Facts

LONGEST_RESPONSE = 2000

SERVICE_NOT_AVAILABLE = 421
"""RFC 5321, 3.8: may answer any command, and closes the session; about the server, and not about this letter."""

AUTHENTICATION_REQUIRED = 530
"""RFC 4954, 6: said to MAIL, and yet about our session. A missing login must not turn every letter into a dead one."""


@dataclass(frozen=True)
class Accepted:
    """The server has taken the message and answers for it from now on (RFC 5321, 4.2.5)."""

    host: str
    response: str
    enclosed: Facts = field(default_factory=dict)
    """Of a letter that came with a file: in which form."""


class MailError(BuffrSignError):
    """A letter was not accepted. `response` is the server's own words: for the record, never for a log."""

    def __init__(self, message: str, *, host: str, response: str = "") -> None:
        super().__init__(message)
        self.host = host
        self.response = response


class MailDeferred(MailError, Transient):
    """The server is away, or said "later" (4xx): it has not taken the message, so trying again is safe."""

    def __init__(self, message: str, *, host: str, response: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(message, host=host, response=response)
        self.retry_after = retry_after


class ProviderAway(MailDeferred):
    """The provider cannot be talked to: no connection, no session, 421, garbage or silence. The next one is asked."""


class TooLargeToAttach(MailDeferred):
    """The server finds the letter with its file too large. It comes back, and goes with a link."""


class MailRefused(MailError, Permanent):
    """The message will never be taken for this recipient: the server said 5xx, or no server could be asked."""


class Utf8NotOffered(MailRefused):
    """The address needs SMTPUTF8 (RFC 6531), and no provider offers it."""


class DeliveryUncertain(MailError, Permanent):
    """The connection was lost after the message's last byte and before the answer: the server may have taken it."""


class RateSpent(NotYet):
    """The provider's send rate is spent for now; the letter has a slot of its own after `delay`."""


class NoConnectionFree(NotYet):
    """Every connection that this letter may use is busy in this process; nothing was said to a server."""


def not_accepted(what: str, code: int, words: bytes, *, host: str) -> MailError:
    """What a negative or meaningless answer to `what` comes to; to be raised."""
    response = as_text(code, words)
    if code in {SERVICE_NOT_AVAILABLE, AUTHENTICATION_REQUIRED}:
        return ProviderAway(f"{host} would not go on with {what} (SMTP {code})", host=host, response=response)
    if 500 <= code < 600:
        return MailRefused(
            f"{host} refused {what} (SMTP {code}) for good; its words are in the delivery record",
            host=host,
            response=response,
        )
    if 400 <= code < 500:
        return MailDeferred(
            f"{host} did not take {what} now (SMTP {code}); the letter will be tried again",
            host=host,
            response=response,
        )
    return ProviderAway(f"what {host} answered to {what} was no SMTP", host=host, response=response)


def as_text(code: int, words: bytes | str) -> str:
    """The server's answer as the record keeps it: of bounded length, and without NUL, which PostgreSQL cannot hold."""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {said}".replace("\x00", "")[:LONGEST_RESPONSE]
