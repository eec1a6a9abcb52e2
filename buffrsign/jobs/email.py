"""Jobs that put one message in one person's inbox."""

from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

from buffrsign.jobs.fields import (
    Count,
    DocumentId,
    EmailAddress,
    Line,
    Message,
    Moment,
    OneTimeCode,
    Recipient,
    Round,
    Sha256,
    Title,
    WebUrl,
)
from buffrsign.jobs.job import Job, Key
from buffrsign.jobs.queues import Queue


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's own words in place of ours; empty keeps ours. Each may say words of the letter: `{{ name }}`.

    `message` replaces what the letter opens with, after the greeting. The document's title, the button, the time
    limit and the closing stay. `docs/letters.md` lists the words.
    """

    subject: Line = ""
    message: Message = ""


class SignatureRequestEmail(Job, kind="email.signature_request", queue=Queue.EMAIL, version=2):
    """Ask one signer to sign one document."""

    recipient: Recipient
    document_title: Title
    signing_url: WebUrl
    document_id: DocumentId | None = None
    sender_name: Line = ""
    sender_email: EmailAddress | None = None
    message: Message = ""
    expires_at: Moment | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One request per signer, document and round, however often it is enqueued; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class SignatureReminderEmail(Job, kind="email.signature_reminder", queue=Queue.EMAIL, version=2):
    """Remind one signer that their signature is awaited; `round` counts reminders from 1, and the words go with it."""

    recipient: Recipient
    document_title: Title
    signing_url: WebUrl
    document_id: DocumentId | None = None
    sender_name: Line = ""
    sender_email: EmailAddress | None = None
    expires_at: Moment | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One reminder per signer, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class LastChanceEmail(Job, kind="email.last_chance", queue=Queue.EMAIL):
    """Tell one signer, shortly before the request expires, that their signature is still awaited."""

    recipient: Recipient
    document_title: Title
    signing_url: WebUrl
    expires_at: Moment
    document_id: DocumentId | None = None
    sender_name: Line = ""
    sender_email: EmailAddress | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One last chance per signer, document and round (an extended request has another); none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class SignerReassignedEmail(Job, kind="email.signer_reassigned", queue=Queue.EMAIL):
    """Ask one person to sign in place of another, who was asked before. The new signer gets it."""

    recipient: Recipient
    document_title: Title
    signing_url: WebUrl
    document_id: DocumentId | None = None
    former_name: Line = ""
    sender_name: Line = ""
    sender_email: EmailAddress | None = None
    message: Message = ""
    expires_at: Moment | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One per new signer, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class DocumentCompletedEmail(Job, kind="email.document_completed", queue=Queue.EMAIL, version=3):
    """Tell one person that everybody has signed.

    `sha256`: the version of the document that the letter comes with, as everybody has signed it.
    """

    recipient: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    document_url: WebUrl | None = None
    completed_at: Moment | None = None
    sender_name: Line = ""
    sender_email: EmailAddress | None = None
    wording: Wording | None = None
    sha256: Sha256 | None = None
    round: Round = 1

    def __post_init__(self) -> None:
        if self.sha256 is not None and self.document_id is None:
            raise ValueError("a version is named with its document_id")

    @property
    def key(self) -> Key | None:
        """One completion letter per person and document; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class RequestDeclinedEmail(Job, kind="email.request_declined", queue=Queue.EMAIL):
    """Tell the sender that a signer declined, and why, in the signer's own words."""

    recipient: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    signer_name: Line = ""
    reason: Message = ""
    declined_at: Moment | None = None
    document_url: WebUrl | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One per sender, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class RequestExpiredEmail(Job, kind="email.request_expired", queue=Queue.EMAIL):
    """Tell the sender that the time is over; `signed` of `asked` people had signed by then."""

    recipient: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    expired_at: Moment | None = None
    signed: Count | None = None
    asked: Count | None = None
    document_url: WebUrl | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One per sender, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class RequestVoidedEmail(Job, kind="email.request_voided", queue=Queue.EMAIL):
    """Tell one signer that the sender took the request back: there is nothing left to sign."""

    recipient: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    sender_name: Line = ""
    sender_email: EmailAddress | None = None
    reason: Message = ""
    voided_at: Moment | None = None
    wording: Wording | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One per signer, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class ComplianceAlertEmail(Job, kind="email.compliance_alert", queue=Queue.EMAIL):
    """Tell the sender what a compliance check found, one line a finding."""

    recipient: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    findings: Annotated[tuple[Line, ...], msgspec.Meta(max_length=50)] = ()
    checked_at: Moment | None = None
    document_url: WebUrl | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One per person, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class WhyUnreached(StrEnum):
    """Why a letter did not reach somebody, as far as their mail server told us."""

    NO_SUCH_ADDRESS = "no_such_address"
    MAILBOX_FULL = "mailbox_full"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    SUPPRESSED = "suppressed"


class DeliveryFailedEmail(Job, kind="email.delivery_failed", queue=Queue.EMAIL):
    """Tell the sender whom a letter about their document did not reach, why, and what to do."""

    recipient: Recipient
    unreached: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    why: WhyUnreached = WhyUnreached.REFUSED
    document_url: WebUrl | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One per sender, document, round and person who was not reached; none without a document."""
        return None if self.document_id is None else Key(self.document_id, addressee(self), self.round)


class OneTimeCodeEmail(Job, kind="email.one_time_code", queue=Queue.EMAIL):
    """Give one person a code to prove that the mailbox is theirs. Past `expires_at` it is not sent any more."""

    document_id: ClassVar[None] = None
    round: ClassVar[int] = 1

    recipient: Recipient
    code: OneTimeCode
    minutes_valid: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 10
    expires_at: Moment | None = None


Letter = (
    SignatureRequestEmail
    | SignatureReminderEmail
    | LastChanceEmail
    | SignerReassignedEmail
    | DocumentCompletedEmail
    | RequestDeclinedEmail
    | RequestExpiredEmail
    | RequestVoidedEmail
    | ComplianceAlertEmail
    | DeliveryFailedEmail
    | OneTimeCodeEmail
)


def addressee(letter: Letter) -> str:
    """Who a letter is for, as one text. It tells apart the letters of one kind, document and round.

    A sender may have several failed deliveries of one round, so there it also says whom it is about.
    """
    if isinstance(letter, DeliveryFailedEmail):
        return f"{letter.recipient.person} about {letter.unreached.person}"
    return letter.recipient.person


def _one_letter(document_id: str | None, recipient: Recipient, round_: int) -> Key | None:
    return None if document_id is None else Key(document_id, recipient.person, round_)
