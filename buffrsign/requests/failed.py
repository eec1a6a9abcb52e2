"""What the sender of a request is told when a letter about it did not reach somebody."""

from buffrsign.jobs.email import DeliveryFailedEmail, WhyUnreached
from buffrsign.jobs.fields import Recipient
from buffrsign.requests.request import SignatureRequest


def delivery_failed(
    request: SignatureRequest, unreached: Recipient, *, why: WhyUnreached, round_: int
) -> DeliveryFailedEmail | None:
    """The letter to the sender; None where the sender is the one who was not reached."""
    sender = Recipient(request.sender.email, request.sender.name, request.sender.locale)
    if sender.email.casefold() == unreached.email.casefold():
        return None
    return DeliveryFailedEmail(
        document_id=request.document_id,
        recipient=sender,
        unreached=unreached,
        document_title=request.document_title,
        why=why,
        round=round_,
    )
