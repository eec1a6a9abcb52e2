"""The letters of a signature request: each is built in one place, from what the request says.

The link to sign is handed in, because how it is made is no matter of the request.
"""

from collections.abc import Iterator
from datetime import datetime

from buffrsign.jobs.email import (
    DeliveryFailedEmail,
    DocumentCompletedEmail,
    LastChanceEmail,
    Letter,
    RequestDeclinedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
    SignerReassignedEmail,
    WhyUnreached,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import Signer
from buffrsign.requests.reminders import Next, Told
from buffrsign.requests.request import SignatureRequest, SignerState


def asks(request: SignatureRequest, signer: Signer, *, signing_url: str, round_: int = 1) -> SignatureRequestEmail:
    """Ask this signer to sign."""
    return SignatureRequestEmail(
        document_id=request.document_id,
        recipient=_recipient(signer),
        document_title=request.document_title,
        signing_url=signing_url,
        sender_name=request.sender.name,
        sender_email=request.sender.email,
        message=request.message,
        expires_at=request.expires_at,
        wording=request.wordings.signature_request,
        round=round_,
    )


def passes_on(request: SignatureRequest, signer: Signer, *, signing_url: str) -> SignerReassignedEmail:
    """Ask this signer, who signs in place of somebody who was asked before."""
    replaced = {each.in_place_of for each in request.signers if each.signer == signer}
    names = [each.signer.name for each in request.signers if each.signer.recipient_id in replaced]
    return _passes_on(request, signer, signing_url=signing_url, former_name=names[0] if names else "")


def reminds(request: SignatureRequest, signer: Signer, *, signing_url: str, round_: int) -> SignatureReminderEmail:
    """Remind this signer, whether it is the time for it or somebody asked for it by hand."""
    return SignatureReminderEmail(
        document_id=request.document_id,
        recipient=_recipient(signer),
        document_title=request.document_title,
        signing_url=signing_url,
        sender_name=request.sender.name,
        sender_email=request.sender.email,
        expires_at=request.expires_at,
        wording=request.wordings.signature_reminder,
        round=round_,
    )


def follows(
    request: SignatureRequest, signer: Signer, following: Next, *, signing_url: str
) -> SignatureReminderEmail | LastChanceEmail:
    """What comes next for this signer, as it was planned."""
    if following.letter is Told.LAST_CHANCE and request.expires_at:
        return _warns(request, signer, request.expires_at, signing_url=signing_url, round_=following.round)
    return reminds(request, signer, signing_url=signing_url, round_=following.round)


def completed(request: SignatureRequest, *, at: datetime, sha256: str | None = None) -> list[DocumentCompletedEmail]:
    """Tell the signers, and the sender where they are not one of them, that everybody has signed.

    `sha256`: the version of the document that the letters come with.
    """
    return [_tells_of_completion(request, each, at=at, sha256=sha256) for each in _everybody(request)]


def declined(request: SignatureRequest, recipient_id: str | None, *, at: datetime) -> RequestDeclinedEmail:
    """Tell the sender which signer declined."""
    names = [each.signer.name for each in request.signers if each.signer.recipient_id == recipient_id]
    return RequestDeclinedEmail(
        document_id=request.document_id,
        recipient=_sender(request),
        document_title=request.document_title,
        signer_name=names[0] if names else "",
        declined_at=at,
        wording=request.wordings.request_declined,
    )


def expired(request: SignatureRequest) -> RequestExpiredEmail:
    """Tell the sender that the time is over, and how many had signed by then; each expiry is a round of its own."""
    return RequestExpiredEmail(
        document_id=request.document_id,
        recipient=_sender(request),
        document_title=request.document_title,
        expired_at=request.expires_at,
        signed=sum(progress.state is SignerState.SIGNED for progress in request.to_sign),
        asked=len(request.to_sign),
        wording=request.wordings.request_expired,
        round=request.expiries + 1,
    )


def voided(request: SignatureRequest, signer: Signer, *, at: datetime) -> RequestVoidedEmail:
    """Tell this signer that there is nothing left to sign."""
    return RequestVoidedEmail(
        document_id=request.document_id,
        recipient=_recipient(signer),
        document_title=request.document_title,
        sender_name=request.sender.name,
        sender_email=request.sender.email,
        voided_at=at,
        wording=request.wordings.request_voided,
    )


def delivery_failed(
    request: SignatureRequest, unreached: Recipient, *, why: WhyUnreached, round_: int
) -> DeliveryFailedEmail | None:
    """Tell the sender whom a letter did not reach; None where the sender is the one who was not reached."""
    sender = _sender(request)
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


def with_own_words(request: SignatureRequest, *, signing_url: str, now: datetime) -> Iterator[Letter]:
    """Every letter that this request may bring to its people, as it is asked, and that has a wording of its own."""
    for letter in _every_letter(request, signing_url=signing_url, now=now):
        if request.wordings.of(letter.kind) is not None:
            yield letter


def _every_letter(request: SignatureRequest, *, signing_url: str, now: datetime) -> Iterator[Letter]:
    for progress in request.to_sign:
        signer = progress.signer
        yield asks(request, signer, signing_url=signing_url)
        yield _passes_on(request, signer, signing_url=signing_url, former_name=signer.name)
        yield reminds(request, signer, signing_url=signing_url, round_=1)
        if request.expires_at:
            yield _warns(request, signer, request.expires_at, signing_url=signing_url, round_=1)
        yield voided(request, signer, at=now)
        yield declined(request, signer.recipient_id, at=now)
    yield from completed(request, at=now)
    yield expired(request)


def _passes_on(
    request: SignatureRequest, signer: Signer, *, signing_url: str, former_name: str
) -> SignerReassignedEmail:
    return SignerReassignedEmail(
        document_id=request.document_id,
        recipient=_recipient(signer),
        document_title=request.document_title,
        signing_url=signing_url,
        former_name=former_name,
        sender_name=request.sender.name,
        sender_email=request.sender.email,
        message=request.message,
        expires_at=request.expires_at,
        wording=request.wordings.signer_reassigned,
    )


def _warns(
    request: SignatureRequest, signer: Signer, expires_at: datetime, *, signing_url: str, round_: int
) -> LastChanceEmail:
    return LastChanceEmail(
        document_id=request.document_id,
        recipient=_recipient(signer),
        document_title=request.document_title,
        signing_url=signing_url,
        sender_name=request.sender.name,
        sender_email=request.sender.email,
        expires_at=expires_at,
        wording=request.wordings.last_chance,
        round=round_,
    )


def _tells_of_completion(
    request: SignatureRequest, recipient: Recipient, *, at: datetime, sha256: str | None
) -> DocumentCompletedEmail:
    asked = recipient.email.casefold() != request.sender.email.casefold()
    return DocumentCompletedEmail(
        document_id=request.document_id,
        recipient=recipient,
        document_title=request.document_title,
        completed_at=at,
        sha256=sha256,
        sender_name=request.sender.name if asked else "",
        sender_email=request.sender.email if asked else None,
        wording=request.wordings.document_completed,
    )


def _everybody(request: SignatureRequest) -> list[Recipient]:
    signers = [_recipient(progress.signer) for progress in request.to_sign]
    sender = _sender(request)
    signs_too = any(signer.email.casefold() == sender.email.casefold() for signer in signers)
    return signers if signs_too else [*signers, sender]


def _sender(request: SignatureRequest) -> Recipient:
    return Recipient(request.sender.email, request.sender.name, request.sender.locale)


def _recipient(signer: Signer) -> Recipient:
    return Recipient(signer.email, signer.name, signer.locale, signer.recipient_id)
