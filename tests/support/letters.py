"""Letters about one document to one signer, and a policy without quiet hours."""

from datetime import timedelta
from typing import Any

from buffrsign.jobs.email import (
    DocumentCompletedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import ReminderPolicy
from tests.support.clock import NOON
from tests.support.requests import DOCUMENT

HOST = "127.0.0.1"
ADDRESS = "anna@example.com"
LETTER: dict[str, Any] = {
    "recipient": Recipient(ADDRESS, name="Anna", recipient_id="anna"),
    "document_title": "Service agreement",
    "signing_url": "https://sign.example.com/doc_7/anna",
    "document_id": DOCUMENT,
}
REQUEST = SignatureRequestEmail(**LETTER)
REMINDER = SignatureReminderEmail(**LETTER)
COMPLETED = DocumentCompletedEmail(
    recipient=LETTER["recipient"], document_title="Service agreement", document_id=DOCUMENT, completed_at=NOON
)
POLICY = ReminderPolicy(
    first_after=timedelta(days=5), every=timedelta(days=2), at_most=3, quiet_from="00:00", quiet_until="00:00"
)
