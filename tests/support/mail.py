"""Letters to write and deliver."""

from datetime import UTC, datetime

from buffrsign.jobs.email import DocumentCompletedEmail, SignatureReminderEmail, SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.samples import SAMPLES

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
ANNA = Recipient("anna@example.com", name="Anna Nghipandulwa")
LINK = "https://sign.example.com/doc_7/anna?token=a1&step=2"

REQUEST = SignatureRequestEmail(
    recipient=ANNA,
    document_id="doc_7",
    document_title="Service agreement 2026",
    signing_url=LINK,
    sender_name="Ndapewa Shikongo",
    message="Dear Anna,\nhere is the agreement.",
    expires_at=datetime(2026, 12, 1, 15, 0, tzinfo=UTC),
)
REMINDER = SignatureReminderEmail(
    recipient=ANNA,
    document_id="doc_7",
    document_title="Service agreement 2026",
    signing_url=LINK,
    sender_name="Ndapewa Shikongo",
)
COMPLETED = DocumentCompletedEmail(
    recipient=ANNA,
    document_id="doc_7",
    document_title="Service agreement 2026",
    document_url=LINK,
    completed_at=datetime(2026, 12, 1, 23, 5, tzinfo=UTC),
)
_OURS = (REQUEST, REMINDER, COMPLETED)
EVERY_LETTER = (*_OURS, *(SAMPLES[kind] for kind in SAMPLES if kind not in {letter.kind for letter in _OURS}))
"""One of each kind."""
