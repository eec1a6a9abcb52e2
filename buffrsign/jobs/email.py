"""Jobs that put one message in one person's inbox."""

from buffrsign.jobs.fields import DocumentId, Line, Message, Moment, Recipient, Round, Title, WebUrl
from buffrsign.jobs.job import Job, Key
from buffrsign.jobs.queues import Queue


class SignatureRequestEmail(Job, kind="email.signature_request", queue=Queue.EMAIL):
    """Ask one signer to sign one document."""

    recipient: Recipient
    document_title: Title
    signing_url: WebUrl
    document_id: DocumentId | None = None
    sender_name: Line = ""
    message: Message = ""
    expires_at: Moment | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One request per signer, document and round, however often it is enqueued; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class SignatureReminderEmail(Job, kind="email.signature_reminder", queue=Queue.EMAIL):
    """Remind one signer that their signature is awaited; `round` counts reminders from 1."""

    recipient: Recipient
    document_title: Title
    signing_url: WebUrl
    document_id: DocumentId | None = None
    sender_name: Line = ""
    expires_at: Moment | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One reminder per signer, document and round; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


class DocumentCompletedEmail(Job, kind="email.document_completed", queue=Queue.EMAIL):
    """Tell one person that everybody has signed."""

    recipient: Recipient
    document_title: Title
    document_id: DocumentId | None = None
    document_url: WebUrl | None = None
    completed_at: Moment | None = None
    round: Round = 1

    @property
    def key(self) -> Key | None:
        """One completion letter per person and document; none without a document."""
        return _one_letter(self.document_id, self.recipient, self.round)


Letter = SignatureRequestEmail | SignatureReminderEmail | DocumentCompletedEmail


def _one_letter(document_id: str | None, recipient: Recipient, round_: int) -> Key | None:
    return None if document_id is None else Key(document_id, recipient.person, round_)
