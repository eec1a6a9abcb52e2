"""One letter of each kind, about people and documents that do not exist: to look at, and to check accessibility on."""

from datetime import UTC, datetime

import msgspec

from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.ids import ulid_of
from buffrsign.jobs.email import (
    ComplianceAlertEmail,
    DeliveryFailedEmail,
    DocumentCompletedEmail,
    LastChanceEmail,
    Letter,
    OneTimeCodeEmail,
    RequestDeclinedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
    SignerReassignedEmail,
    WhyUnreached,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.enclosures import Attached, Enclosed, Linked, WhyWithheld, Withheld

SAMPLE_NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""When the samples are written: the days that remain count from here."""

_DOCUMENT = "doc_7"
_TITLE = "Service agreement 2026"
_SIGN = "https://sign.example.com/doc_7/anna"
_OPEN = "https://app.example.com/documents/doc_7"
_SIGNER = Recipient("anna@example.com", name="Anna Nghipandulwa")
_SENDER = Recipient("ndapewa@example.com", name="Ndapewa Shikongo")
_EXPIRES = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_HAPPENED = datetime(2026, 11, 23, 13, 5, tzinfo=UTC)

_SAMPLES: tuple[Letter, ...] = (
    SignatureRequestEmail(
        recipient=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        signing_url=_SIGN,
        sender_name=_SENDER.name,
        sender_email=_SENDER.email,
        message="Dear Anna,\nhere is the agreement that we spoke about.",
        expires_at=_EXPIRES,
    ),
    SignatureReminderEmail(
        recipient=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        signing_url=_SIGN,
        sender_name=_SENDER.name,
        sender_email=_SENDER.email,
        expires_at=_EXPIRES,
        round=3,
    ),
    LastChanceEmail(
        recipient=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        signing_url=_SIGN,
        sender_name=_SENDER.name,
        sender_email=_SENDER.email,
        expires_at=datetime(2026, 11, 25, 8, 30, tzinfo=UTC),
    ),
    SignerReassignedEmail(
        recipient=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        signing_url=_SIGN,
        former_name="Tomas !Naruseb",
        sender_name=_SENDER.name,
        sender_email=_SENDER.email,
        expires_at=_EXPIRES,
    ),
    DocumentCompletedEmail(
        recipient=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        document_url=_OPEN,
        completed_at=_HAPPENED,
        sender_name=_SENDER.name,
        sender_email=_SENDER.email,
    ),
    RequestDeclinedEmail(
        recipient=_SENDER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        signer_name=_SIGNER.name,
        reason="The notice period is too long.\nPlease send it again with one month.",
        declined_at=_HAPPENED,
        document_url=_OPEN,
    ),
    RequestExpiredEmail(
        recipient=_SENDER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        expired_at=_HAPPENED,
        signed=1,
        asked=3,
        document_url=_OPEN,
    ),
    RequestVoidedEmail(
        recipient=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        sender_name=_SENDER.name,
        sender_email=_SENDER.email,
        reason="A corrected version follows.",
        voided_at=_HAPPENED,
    ),
    ComplianceAlertEmail(
        recipient=_SENDER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        findings=("No consent to sign electronically was recorded.", "One signer was not identified."),
        checked_at=_HAPPENED,
        document_url=_OPEN,
    ),
    DeliveryFailedEmail(
        recipient=_SENDER,
        unreached=_SIGNER,
        document_id=_DOCUMENT,
        document_title=_TITLE,
        why=WhyUnreached.NO_SUCH_ADDRESS,
        document_url=_OPEN,
    ),
    OneTimeCodeEmail(recipient=_SIGNER, code="482-915", minutes_valid=10),
)

SAMPLES: dict[str, Letter] = {
    letter.kind: msgspec.structs.replace(letter, job_id=ulid_of(to_epoch_ms(SAMPLE_NOW), number))
    for number, letter in enumerate(_SAMPLES)
}
"""Every kind's sample; their job ids are always the same."""


def _forms() -> tuple[Enclosed, ...]:
    until = datetime(2026, 12, 24, 8, 30, tzinfo=UTC)
    url = f"https://app.example.com/download/{_DOCUMENT}/{_SHA256}/anna?token=k1.1798101000.c2FtcGxl"
    return (
        Enclosed(Attached(_SHA256, 182_044)),
        Enclosed(Linked(_SHA256, until), url=url),
        Enclosed(Withheld(_SHA256, WhyWithheld.TOO_LARGE)),
        Enclosed(Withheld(_SHA256, WhyWithheld.MISSING)),
    )


ENCLOSED: dict[str, dict[str, Enclosed]] = {
    DocumentCompletedEmail.kind: {enclosed.form: enclosed for enclosed in _forms()},
}
"""The kinds that come with a file, each in every form that has a sentence of its own."""


def forms_of(kind: str) -> tuple[str, ...]:
    """The forms in which a kind is written: the empty one without a file, and those in which it comes with one."""
    return ("", *ENCLOSED.get(kind, ()))


def sample(kind: str, *, locale: str = "en") -> Letter:
    """The sample of a kind, for a reader of this locale."""
    letter = SAMPLES[kind]
    reader = msgspec.structs.replace(letter.recipient, locale=locale)
    return msgspec.structs.replace(letter, recipient=reader)
