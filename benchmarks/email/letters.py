"""The letter that is measured, the same for all: a signature request in English, as HTML and as text, from one sender.

Names are ASCII, which the standard library writes fastest; the subject has quotation marks that are not.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.email.sink import WARM_UP
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.email import Letter, SignatureReminderEmail, SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import OpenRequest, ReminderPolicy, Sender, Signer
from buffrsign.mail.letters import Letters, RenderedLetter

FROM = "letters@sign.example"
TITLE = "Service agreement"
SENDER = Sender(email="tomas@example.com", name="Tomas Shikongo")
MESSAGE = "Please sign.\n\nThank you."
NEVER_QUIET = ReminderPolicy(quiet_from="00:00", quiet_until="00:00")
VALID = timedelta(days=30)


def request(*, is_warm_up: bool = False) -> OpenRequest:
    """A signature request with one signer, who has an address of their own."""
    unique = new_ulid().lower()
    name = WARM_UP if is_warm_up else "signer"
    return OpenRequest(
        document_id=f"doc_{unique}",
        document_title=TITLE,
        sender=SENDER,
        signers=(Signer(f"user_{unique}", f"{name}-{unique}@example.com", "Ndapewa Amupolo"),),
        message=MESSAGE,
        expires_at=datetime.now(UTC) + VALID,
        reminders=NEVER_QUIET,
    )


def letter_of(opened: OpenRequest) -> SignatureRequestEmail:
    """What asks that signer to sign."""
    return SignatureRequestEmail(
        recipient=_recipient(opened),
        document_title=opened.document_title,
        signing_url=f"https://sign.example/d/{opened.document_id}",
        document_id=opened.document_id,
        sender_name=opened.sender.name,
        sender_email=opened.sender.email,
        message=opened.message,
        expires_at=opened.expires_at,
    )


def reminder_of(opened: OpenRequest) -> SignatureReminderEmail:
    """What reminds them."""
    return SignatureReminderEmail(
        recipient=_recipient(opened),
        document_title=opened.document_title,
        signing_url=f"https://sign.example/d/{opened.document_id}",
        document_id=opened.document_id,
        sender_name=opened.sender.name,
        sender_email=opened.sender.email,
        expires_at=opened.expires_at,
    )


def rendered(job: Letter | None = None) -> RenderedLetter:
    """A letter whose words are ready."""
    return Letters(FROM).render(job or letter_of(request()))


def addresses(count: int, *, warm_up: int) -> Iterator[str]:
    """So many addresses that nobody else has, after those that are not counted."""
    for number in range(warm_up + count):
        name = WARM_UP if number < warm_up else "signer"
        yield f"{name}-{new_ulid().lower()}@example.com"


def _recipient(opened: OpenRequest) -> Recipient:
    signer = opened.signers[0]
    return Recipient(signer.email, signer.name, signer.locale, signer.recipient_id)
