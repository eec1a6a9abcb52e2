"""Delivery: one message over one SMTP session, spoken step by step so that every ending is known for what it is.

Until the message's last byte is out, a failure is harmless: the server cannot have taken it. After the server's
answer there is certainty. In between, when the connection dies, there is doubt, and doubt is never resent blindly.

    with mailer.address(sender=..., recipient=..., letter=job_id, urgent=True) as envelope:
        claim(envelope.host)            # durable, and before the first byte of the message
        accepted = envelope.send(message)
"""

from buffrsign.mail.delivery.mailer import Envelope, Mailer
from buffrsign.mail.delivery.rates import Rates
from buffrsign.mail.outcomes import (
    LONGEST_RESPONSE,
    Accepted,
    DeliveryUncertain,
    MailDeferred,
    MailError,
    MailRefused,
    NoConnectionFree,
    ProviderAway,
    RateSpent,
    TooLargeToAttach,
    Utf8NotOffered,
)
from buffrsign.mail.providers import SmtpServer

__all__ = [
    "LONGEST_RESPONSE",
    "Accepted",
    "DeliveryUncertain",
    "Envelope",
    "MailDeferred",
    "MailError",
    "MailRefused",
    "Mailer",
    "NoConnectionFree",
    "ProviderAway",
    "RateSpent",
    "Rates",
    "SmtpServer",
    "TooLargeToAttach",
    "Utf8NotOffered",
]
