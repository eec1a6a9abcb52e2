"""How signature requests open and move: one enqueue yields the letters and the reminders."""

from buffrsign.core.errors import Permanent, Transient
from buffrsign.jobs.audit import RecordEvent, entry_id
from buffrsign.jobs.email import DocumentCompletedEmail, SignatureReminderEmail, SignatureRequestEmail
from buffrsign.jobs.fields import Fact, Recipient
from buffrsign.jobs.requests import OpenRequest, Signer, SignerEvent
from buffrsign.mail.links import signing_url
from buffrsign.requests import AlreadyOpen, AlreadyRecorded, NotApplied, Recorded, RequestUnknown, SignatureRequest
from config.services import Services
from tasks.base import Done, task


@task(OpenRequest, attempts=12, light=True)
def open_request(job: OpenRequest, services: Services) -> Done:
    """Open the document's request, ask those whose turn it is, and schedule their first reminders.

    Raises:
        Permanent: the document has another request, or this one expired before it was opened.
    """
    _refuse_expired(job, services)
    match services.requests.open(job):
        case AlreadyOpen(identical=False):
            raise Permanent(
                f"document {job.document_id} has a signature request already, with other people or terms; "
                "nothing was changed: void that one, and ask under another document id"
            )
    asked = services.requests.signers_to_ask(job.document_id)
    _ask(job.document_id, asked, services)
    _record(job, "request.opened", job.document_id, {"signers": len(job.signers)}, services)
    return Done(f"opened, {len(asked)} asked")


@task(SignerEvent, attempts=12, light=True)
def record_signer_event(job: SignerEvent, services: Services) -> Done:
    """Move the request by one event; ask whose turn came by it; tell everybody when it is complete.

    Raises:
        Transient: the document has no request yet; the event may have overtaken it.
        Permanent: the event names no signer of the document, or its id is another event's.
    """
    try:
        outcome = services.requests.record(job)
    except RequestUnknown as error:
        raise Transient(str(error)) from error
    first = outcome.first if isinstance(outcome, AlreadyRecorded) else outcome
    facts: dict[str, Fact] = {"event": job.event.value, "event_id": job.event_id}
    match first:
        case NotApplied(reason):
            _record(job, "request.event_ignored", job.document_id, {**facts, "reason": reason.value}, services)
            return Done(f"ignored: {reason.value}")
        case Recorded(completed_now, next_signers):
            _record(job, f"request.{job.event.value}", job.document_id, facts, services)
            _ask(job.document_id, next_signers, services)
            if completed_now:
                _tell_everybody(job, services)
    return Done(f"{job.event.value}{', completed' if completed_now else ''}")


def _refuse_expired(job: OpenRequest, services: Services) -> None:
    """A request that was opened in time stays open to its redelivery."""
    is_over = job.expires_at is not None and job.expires_at <= services.clock()
    if is_over and services.requests.find(job.document_id) is None:
        raise Permanent(
            f"the signature request of document {job.document_id} expired before it was opened; "
            "nobody was asked: enqueue it with a later expires_at"
        )


def _ask(document_id: str, signers: tuple[Signer, ...], services: Services) -> None:
    request = services.requests.find(document_id)
    if request is None:
        return
    for signer in signers:
        _ask_one(request, signer, services)


def _ask_one(request: SignatureRequest, signer: Signer, services: Services) -> None:
    link = signing_url(services.settings.signing_url, document_id=request.document_id, recipient_id=signer.recipient_id)
    services.producer.enqueue(
        SignatureRequestEmail(
            document_id=request.document_id,
            recipient=_recipient(signer),
            document_title=request.document_title,
            signing_url=link,
            sender_name=request.sender.name,
            sender_email=request.sender.email,
            message=request.message,
            expires_at=request.expires_at,
        )
    )
    if request.reminders.at_most == 0:
        return
    services.producer.enqueue(
        SignatureReminderEmail(
            document_id=request.document_id,
            recipient=_recipient(signer),
            document_title=request.document_title,
            signing_url=link,
            sender_name=request.sender.name,
            sender_email=request.sender.email,
            expires_at=request.expires_at,
        ),
        delay=request.reminders.first_after,
    )


def _tell_everybody(event: SignerEvent, services: Services) -> None:
    request = services.requests.find(event.document_id)
    if request is None:
        return
    for recipient in _everybody(request):
        asked = recipient.email.casefold() != request.sender.email.casefold()
        services.producer.enqueue(
            DocumentCompletedEmail(
                document_id=request.document_id,
                recipient=recipient,
                document_title=request.document_title,
                completed_at=event.occurred_at,
                sender_name=request.sender.name if asked else "",
                sender_email=request.sender.email if asked else None,
            )
        )
    _record(event, "request.completed", event.document_id, {"signers": len(request.signers)}, services)


def _everybody(request: SignatureRequest) -> list[Recipient]:
    """The signers, and the sender where they are not one of them."""
    signers = [_recipient(progress.signer) for progress in request.signers]
    sender = Recipient(request.sender.email, request.sender.name, request.sender.locale)
    signs_too = any(signer.email.casefold() == sender.email.casefold() for signer in signers)
    return signers if signs_too else [*signers, sender]


def _recipient(signer: Signer) -> Recipient:
    return Recipient(signer.email, signer.name, signer.locale, signer.recipient_id)


def _record(
    job: OpenRequest | SignerEvent, action: str, document_id: str, facts: dict[str, Fact], services: Services
) -> None:
    actor = job.recipient_id if isinstance(job, SignerEvent) else None
    services.producer.enqueue(
        RecordEvent(
            entry_id=entry_id(action, *job.key),
            action=action,
            occurred_at=job.occurred_at if isinstance(job, SignerEvent) else services.clock(),
            document_id=document_id,
            actor=actor,
            details=facts,
        )
    )
