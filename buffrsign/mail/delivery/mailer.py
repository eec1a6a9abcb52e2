"""The mailer: brings a letter to the first provider that will talk to us."""

import ssl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from types import TracebackType
from typing import Protocol, Self

from buffrsign.core.logs import get_logger
from buffrsign.mail.addresses import Mailbox, mailbox
from buffrsign.mail.delivery.breaker import Breaker
from buffrsign.mail.delivery.pool import Pool
from buffrsign.mail.delivery.rates import Rates
from buffrsign.mail.delivery.session import Session
from buffrsign.mail.message import as_bytes
from buffrsign.mail.outcomes import (
    Accepted,
    DeliveryUncertain,
    MailDeferred,
    MailError,
    MailRefused,
    ProviderAway,
    Utf8NotOffered,
)
from buffrsign.mail.providers import SmtpServer

LETTER_S = 60.0
"""All of a letter's time up to its last byte, over all providers. The answer to the message has its own, so that the
whole stays under the e-mail queue's soft limit of 120 seconds."""

WORTH_ASKING_S = 5.0
"""With less time than this a provider is not asked: its failure would be ours."""

log = get_logger(__name__)


class Signer(Protocol):
    """Signs a message as it goes out."""

    def sign(self, content: bytes) -> bytes:
        """The message with a signature before it; nothing may change it afterwards."""
        ...


class Provider:
    """A mail server, its sessions in this process, and whether it is worth asking."""

    def __init__(self, server: SmtpServer, *, ehlo_name: str, tls: ssl.SSLContext, breaker: Breaker) -> None:
        self.server = server
        self.breaker = breaker
        self._pool = Pool(server, ehlo_name=ehlo_name, tls=tls)

    def agree(self, sender: Mailbox, recipient: Mailbox, *, urgent: bool, letter_by: float) -> Session:
        """A session in which the server has agreed to both addresses.

        A kept session that turns out to be dead is no failure: it is opened anew, once.

        Raises: as `Session.agree`, and NoConnectionFree.
        """
        session = self._pool.take(urgent=urgent, letter_by=letter_by)
        was_kept = session.letters > 1
        try:
            return self._agreed(session, sender, recipient, urgent=urgent)
        except ProviderAway:
            if not was_kept:
                raise
        session = self._pool.take(urgent=urgent, letter_by=letter_by, fresh=True)
        return self._agreed(session, sender, recipient, urgent=urgent)

    def give_back(self, session: Session, *, urgent: bool) -> None:
        """The letter has gone, or will not go."""
        self._pool.give_back(session, urgent=urgent)

    def close(self) -> None:
        """Say goodbye in every idle session."""
        self._pool.close()

    def _agreed(self, session: Session, sender: Mailbox, recipient: Mailbox, *, urgent: bool) -> Session:
        try:
            session.agree(sender, recipient)
        except BaseException:
            self._pool.give_back(session, urgent=urgent)
            raise
        return session


class Envelope:
    """A session in which the server has agreed to a sender and a recipient, and awaits the message."""

    def __init__(
        self, session: Session, provider: Provider, *, urgent: bool, utf8: bool, signers: Sequence[Signer]
    ) -> None:
        self.host = provider.server.host
        self._session = session
        self._provider = provider
        self._urgent = urgent
        self.utf8 = utf8
        self._signers = signers
        self._offered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._offered:
            self._provider.breaker.abandoned()
        self._provider.give_back(self._session, urgent=self._urgent)

    @property
    def max_message_bytes(self) -> int:
        """How large a message may be, as it travels: what is configured, or less where the server says so."""
        return min(self._provider.server.max_message_bytes, self._session.max_message_bytes or sys.maxsize)

    def send(self, message: EmailMessage) -> Accepted:
        """Send the message, signed, and wait for the server's word on it.

        Raises:
            MailDeferred: the server said 4xx, or the connection was lost before the end of the message.
            MailRefused: the server said 5xx.
            DeliveryUncertain: the end of the message went out and no answer came back that can be understood.
        """
        content = as_bytes(message, utf8=self.utf8)
        for signer in self._signers:
            content = signer.sign(content)
        self._offered = True
        with _watched(self._provider.breaker):
            accepted = self._session.hand_over(content)
            self._provider.breaker.succeeded()
        return accepted


class Mailer:
    """Hands messages to a chain of providers; used by any number of threads, and closed at the end."""

    def __init__(
        self,
        *servers: SmtpServer,
        ehlo_name: str,
        tls: ssl.SSLContext | None = None,
        signers: Sequence[Signer] = (),
        rates: Rates | None = None,
        breaker: Callable[[str], Breaker] = Breaker,
    ) -> None:
        """`ehlo_name` is how this machine calls itself (RFC 5321, 4.1.1.1); `tls` trusts the system's authorities.

        `servers` are asked in this order. Without `rates` nothing bounds how fast letters go.
        """
        context = tls or ssl.create_default_context()
        self._providers = [
            Provider(server, ehlo_name=ehlo_name, tls=context, breaker=breaker(server.label)) for server in servers
        ]
        self._signers = signers
        self._rates = rates

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def address(self, *, sender: str, recipient: str, urgent: bool = False, letter: str = "") -> Envelope:
        """Have the first provider that will talk to us agree to the two addresses. No byte of a message has left yet.

        `urgent` letters have a share of each rate and a connection of their own. `letter` is the job id: a letter
        that comes back after RateSpent is known by it, and has kept its slot; letters without one share their slots.

        Raises:
            MailDeferred: no provider will talk to us, every circuit is open, or one said 4xx to an address.
            MailRefused: a provider said 5xx to an address, none can take it, or it is none (MailboxRefused).
            RateSpent, NoConnectionFree: it is too early; nothing failed.
        """
        from_, to = mailbox(sender), mailbox(recipient)
        letter_by = time.monotonic() + LETTER_S
        answers: list[ProviderAway | Utf8NotOffered] = []
        for provider in self._providers:
            if time.monotonic() > letter_by - WORTH_ASKING_S:
                break
            if not self._may_ask(provider, letter=letter, urgent=urgent):
                continue
            try:
                with _watched(provider.breaker):
                    session = provider.agree(from_, to, urgent=urgent, letter_by=letter_by)
            except (ProviderAway, Utf8NotOffered) as error:
                log.warning("mail provider passed over", provider=provider.server.label, why=type(error).__name__)
                answers.append(error)
                continue
            utf8 = from_.needs_utf8 or to.needs_utf8
            return Envelope(session, provider, urgent=urgent, utf8=utf8, signers=self._signers)
        raise self._nobody(answers)

    def close(self) -> None:
        """Say goodbye in every idle session. A letter that comes later opens a session of its own."""
        for provider in self._providers:
            provider.close()

    def _may_ask(self, provider: Provider, *, letter: str, urgent: bool) -> bool:
        """Whether the circuit lets the letter through, once its rate does."""
        if provider.breaker.opens_in() is not None:
            return False
        if self._rates is not None:
            self._rates.spend(provider.server, letter=letter, urgent=urgent)
        return provider.breaker.enter()

    def _nobody(self, answers: Sequence[ProviderAway | Utf8NotOffered]) -> MailError:
        """Why no provider has taken the letter on; to be raised."""
        if answers and len(answers) == len(self._providers) and all(isinstance(each, MailRefused) for each in answers):
            return answers[-1]
        away = [each for each in answers if isinstance(each, ProviderAway)]
        if away:
            return away[-1]
        pauses = [pause for provider in self._providers if (pause := provider.breaker.opens_in()) is not None]
        return MailDeferred(
            "every mail provider failed too often lately and is left alone for a while; the letter will be tried again",
            host=self._providers[0].server.host,
            retry_after=min(pauses, default=None),
        )


@contextmanager
def _watched(breaker: Breaker) -> Iterator[None]:
    """Tell the circuit how it went; that all went well is for whoever knows it to say."""
    try:
        yield
    except (ProviderAway, DeliveryUncertain):
        breaker.failed()
        raise
    except MailError:
        breaker.succeeded()
        raise
    except BaseException:
        breaker.abandoned()
        raise
