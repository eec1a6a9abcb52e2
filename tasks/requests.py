"""How signature requests open and move: one enqueue yields the letters, and each letter that goes out the next."""

from buffrsign.core.errors import Permanent, Transient
from buffrsign.jobs.audit import RecordEvent, entry_id
from buffrsign.jobs.email import (
    DocumentCompletedEmail,
    RequestDeclinedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
)
from buffrsign.jobs.fields import Fact, Recipient
from buffrsign.jobs.requests import Event, ExpireRequest, OpenRequest, Signer, SignerEvent
from buffrsign.mail.links import signing_url
from buffrsign.requests import (
    AlreadyOpen,
    AlreadyRecorded,
    NotApplied,
    Recorded,
    RequestState,
    RequestUnknown,
    SignatureRequest,
    SignerState,
)
from config.services import Services
from tasks.base import Done, task


@task(OpenRequest, attempts=12, light=True)
def open_request(job: OpenRequest, services: Services) -> Done:
    """Open the document's request, and ask those whose turn it is. Their reminders follow their letters.

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
    _look_at_expiry(job.document_id, services)
    _record(job, "request.opened", job.document_id, {"signers": len(job.signers)}, services)
    return Done(f"opened, {len(asked)} asked")


@task(SignerEvent, attempts=12, light=True)
def record_signer_event(job: SignerEvent, services: Services) -> Done:
    """Move the request by one event, and tell whom it concerns.

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
        case Recorded(completed_now=completed_now):
            _record(job, f"request.{job.event.value}", job.document_id, facts, services)
            _act_on(job, first, services)
    return Done(f"{job.event.value}{', completed' if completed_now else ''}")


@task(ExpireRequest, attempts=12, light=True)
def expire_request(job: ExpireRequest, services: Services) -> Done:
    """Tell the sender that the time is over, unless everybody decided before, or it was extended."""
    request = services.requests.find(job.document_id)
    if request is None or request.state is not RequestState.OPEN:
        return Done("decided before" if request else "unknown")
    if request.expires_at is None or request.expires_at > services.clock():
        _look_at_expiry(job.document_id, services)
        return Done("extended")
    signed = sum(progress.state is SignerState.SIGNED for progress in request.signers)
    services.producer.enqueue(
        RequestExpiredEmail(
            document_id=request.document_id,
            recipient=_sender_of(request),
            document_title=request.document_title,
            expired_at=request.expires_at,
            signed=signed,
            asked=len(request.signers),
        )
    )
    _record(job, "request.expired", job.document_id, {"signed": signed, "asked": len(request.signers)}, services)
    return Done(f"expired, {signed} of {len(request.signers)} signed")


def _act_on(event: SignerEvent, recorded: Recorded, services: Services) -> None:
    _ask(event.document_id, recorded.next_signers, services)
    if recorded.completed_now:
        _tell_everybody(event, services)
    match event.event:
        case Event.DECLINED:
            _tell_of_refusal(event, services)
        case Event.VOIDED:
            _tell_of_void(event, services)
        case Event.EXTENDED:
            _look_at_expiry(event.document_id, services)
        case Event.REMIND_NOW | Event.NOT_RECEIVED:
            _tell_once_more(event, recorded, services)


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


def _ask_one(request: SignatureRequest, signer: Signer, services: Services, *, round_: int = 1) -> None:
    services.producer.enqueue(
        SignatureRequestEmail(
            document_id=request.document_id,
            recipient=_recipient(signer),
            document_title=request.document_title,
            signing_url=_link(request, signer, services),
            sender_name=request.sender.name,
            sender_email=request.sender.email,
            message=request.message,
            expires_at=request.expires_at,
            round=round_,
        )
    )


def _remind_now(request: SignatureRequest, signer: Signer, services: Services, *, round_: int) -> None:
    """The reminder that waits for its time has this round too, and the same key: then that one comes now."""
    handle = services.producer.enqueue(
        SignatureReminderEmail(
            document_id=request.document_id,
            recipient=_recipient(signer),
            document_title=request.document_title,
            signing_url=_link(request, signer, services),
            sender_name=request.sender.name,
            sender_email=request.sender.email,
            expires_at=request.expires_at,
            round=round_,
        )
    )
    if handle.duplicate:
        services.producer.run_now(handle.job_id)


def _link(request: SignatureRequest, signer: Signer, services: Services) -> str:
    base = services.settings.signing_url
    return signing_url(base, document_id=request.document_id, recipient_id=signer.recipient_id)


def _look_at_expiry(document_id: str, services: Services) -> None:
    request = services.requests.find(document_id)
    if request is not None and request.expires_at is not None:
        look = ExpireRequest(document_id=document_id, expires_at=request.expires_at)
        services.producer.enqueue(look, at=request.expires_at)


def _tell_once_more(event: SignerEvent, recorded: Recorded, services: Services) -> None:
    request = services.requests.find(event.document_id)
    if request is None or recorded.asked_for is None or recorded.round is None:
        return
    tell = _remind_now if event.event is Event.REMIND_NOW else _ask_one
    tell(request, recorded.asked_for, services, round_=recorded.round)


def _tell_of_refusal(event: SignerEvent, services: Services) -> None:
    request = services.requests.find(event.document_id)
    if request is None:
        return
    names = [each.signer.name for each in request.signers if each.signer.recipient_id == event.recipient_id]
    services.producer.enqueue(
        RequestDeclinedEmail(
            document_id=request.document_id,
            recipient=_sender_of(request),
            document_title=request.document_title,
            signer_name=names[0] if names else "",
            declined_at=event.occurred_at,
        )
    )


def _tell_of_void(event: SignerEvent, services: Services) -> None:
    """Those who were told of the request are told that it is none any more; nobody else hears of it now."""
    request = services.requests.find(event.document_id)
    if request is None:
        return
    told = {notice.recipient_id for notice in services.requests.notices(event.document_id)}
    for progress in request.signers:
        if progress.signer.recipient_id in told:
            services.producer.enqueue(
                RequestVoidedEmail(
                    document_id=request.document_id,
                    recipient=_recipient(progress.signer),
                    document_title=request.document_title,
                    sender_name=request.sender.name,
                    sender_email=request.sender.email,
                    voided_at=event.occurred_at,
                )
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
                sha256=event.sha256,
                sender_name=request.sender.name if asked else "",
                sender_email=request.sender.email if asked else None,
            )
        )
    _record(event, "request.completed", event.document_id, {"signers": len(request.signers)}, services)


def _everybody(request: SignatureRequest) -> list[Recipient]:
    """The signers, and the sender where they are not one of them."""
    signers = [_recipient(progress.signer) for progress in request.signers]
    sender = _sender_of(request)
    signs_too = any(signer.email.casefold() == sender.email.casefold() for signer in signers)
    return signers if signs_too else [*signers, sender]


def _sender_of(request: SignatureRequest) -> Recipient:
    return Recipient(request.sender.email, request.sender.name, request.sender.locale)


def _recipient(signer: Signer) -> Recipient:
    return Recipient(signer.email, signer.name, signer.locale, signer.recipient_id)


def _record(
    job: OpenRequest | SignerEvent | ExpireRequest,
    action: str,
    document_id: str,
    facts: dict[str, Fact],
    services: Services,
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
