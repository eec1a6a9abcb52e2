"""How signature requests open and move: one enqueue yields the letters, and each letter that goes out the next."""

from datetime import timedelta

from buffrsign.core.errors import Permanent, Transient
from buffrsign.jobs.audit import RecordEvent, entry_id
from buffrsign.jobs.fields import Fact
from buffrsign.jobs.requests import Event, ExpireRequest, OpenRequest, Signer, SignerEvent, Wordings
from buffrsign.mail.links import signing_url
from buffrsign.requests import (
    AlreadyOpen,
    AlreadyRecorded,
    NotApplied,
    Recorded,
    RequestState,
    RequestUnknown,
    SignatureRequest,
    SignerUnknown,
    letters,
)
from config.services import Services
from tasks.base import Done, task

MAY_OVERTAKE = timedelta(minutes=15)
"""How long an event may come before the reassignment that makes a signer of whom it names."""


@task(OpenRequest, attempts=12, light=True)
def open_request(job: OpenRequest, services: Services) -> Done:
    """Open the document's request, and ask those whose turn it is. Their reminders follow their letters.

    Raises:
        Permanent: the document has another request, or this one expired before it was opened.
        WordingRefused: a letter could not be written in the customer's own words.
    """
    _refuse_expired(job, services)
    _refuse_unwritable(job, services)
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
        Transient: the document has no request, or no such signer, yet; the event may have overtaken what brings them.
        Permanent: the event names no signer of the document, or its id is another event's.
    """
    try:
        outcome = services.requests.record(job)
    except RequestUnknown as error:
        raise Transient(str(error)) from error
    except SignerUnknown as error:
        if services.clock() - job.occurred_at < MAY_OVERTAKE:
            raise Transient(f"{error}; it is tried again, since a reassignment may be on its way") from error
        raise
    first = outcome.first if isinstance(outcome, AlreadyRecorded) else outcome
    facts: dict[str, Fact] = {"event": job.event.value, "event_id": job.event_id}
    if job.new_signer:
        facts |= {"recipient_id": job.recipient_id, "new_recipient_id": job.new_signer.recipient_id}
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
    letter = letters.expired(request)
    services.producer.enqueue(letter)
    _record(job, "request.expired", job.document_id, {"signed": letter.signed, "asked": letter.asked}, services)
    return Done(f"expired, {letter.signed} of {letter.asked} signed")


def _act_on(event: SignerEvent, recorded: Recorded, services: Services) -> None:
    if event.event is Event.REASSIGNED:
        _ask_in_place(event.document_id, recorded.next_signers, services)
    else:
        _ask(event.document_id, recorded.next_signers, services, round_=recorded.round or 1)
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


def _refuse_unwritable(job: OpenRequest, services: Services) -> None:
    """Try each wording on those whom it is for, so that a customer hears of a wrong one while nobody was asked.

    Not on a redelivery: what fitted then may not fit today, and the request is open.
    """
    if job.wordings == Wordings() or services.requests.find(job.document_id) is not None:
        return
    request, url = services.requests.as_asked(job), services.settings.signing_url
    for letter in letters.with_own_words(request, signing_url=url, now=services.clock()):
        services.letters.require_writable(letter)


def _ask(document_id: str, signers: tuple[Signer, ...], services: Services, *, round_: int = 1) -> None:
    request = services.requests.find(document_id)
    if request is None:
        return
    for signer in signers:
        _ask_one(request, signer, services, round_=round_)


def _ask_in_place(document_id: str, signers: tuple[Signer, ...], services: Services) -> None:
    """Ask who took a place whose turn it is; whose turn comes later is asked then, like everybody."""
    request = services.requests.find(document_id)
    if request is None:
        return
    for signer in signers:
        url = _link(request, signer, services)
        services.producer.enqueue(letters.passes_on(request, signer, signing_url=url))


def _ask_one(request: SignatureRequest, signer: Signer, services: Services, *, round_: int = 1) -> None:
    url = _link(request, signer, services)
    services.producer.enqueue(letters.asks(request, signer, signing_url=url, round_=round_))


def _remind_now(request: SignatureRequest, signer: Signer, services: Services, *, round_: int) -> None:
    """The reminder that waits for its time has this round too, and the same key: then that one comes now."""
    url = _link(request, signer, services)
    handle = services.producer.enqueue(letters.reminds(request, signer, signing_url=url, round_=round_))
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
    if request is not None:
        services.producer.enqueue(letters.declined(request, event.recipient_id, at=event.occurred_at))


def _tell_of_void(event: SignerEvent, services: Services) -> None:
    """Those who were told of the request are told that it is none any more; nobody else hears of it now."""
    request = services.requests.find(event.document_id)
    if request is None:
        return
    told = {notice.recipient_id for notice in services.requests.notices(event.document_id)}
    for progress in request.to_sign:
        if progress.signer.recipient_id in told:
            services.producer.enqueue(letters.voided(request, progress.signer, at=event.occurred_at))


def _tell_everybody(event: SignerEvent, services: Services) -> None:
    request = services.requests.find(event.document_id)
    if request is None:
        return
    for letter in letters.completed(request, at=event.occurred_at, sha256=event.sha256):
        services.producer.enqueue(letter)
    _record(event, "request.completed", event.document_id, {"signers": len(request.to_sign)}, services)


def _record(
    job: OpenRequest | SignerEvent | ExpireRequest,
    action: str,
    document_id: str,
    facts: dict[str, Fact],
    services: Services,
) -> None:
    actor = job.recipient_id if isinstance(job, SignerEvent) and job.new_signer is None else None
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
