"""How letters are sent: once each, only while somebody waits for what they ask, and each with the next one after it."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeGuard, TypeVar

import msgspec

from buffrsign.core.errors import InDoubt, NotYet
from buffrsign.core.logs import get_logger
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import (
    ComplianceAlertEmail,
    DeliveryFailedEmail,
    DocumentCompletedEmail,
    LastChanceEmail,
    Letter,
    OneTimeCodeEmail,
    RequestDeclinedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
    SignerReassignedEmail,
    WhyUnreached,
)
from buffrsign.jobs.fields import Fact
from buffrsign.mail.delivery import Accepted, MailRefused
from buffrsign.mail.entries import id_of, said_by
from buffrsign.mail.post_office import RefusedBefore, Suppressed
from buffrsign.mail.record import AlreadyAccepted, Uncertain
from buffrsign.mail.states import Source, why_unreached
from buffrsign.mail.wording import WordingRefused
from buffrsign.requests import (
    Awaited,
    Next,
    NotAwaited,
    SignatureRequest,
    Told,
    Unknown,
    WhyNotAwaited,
    allowed,
    delivery_failed,
    letters,
)
from config.services import Services
from tasks.base import ContractTask, Done, task

log = get_logger(__name__)

ATTEMPTS = 30
FIRST_BACKOFF = timedelta(seconds=30)
"""Half a minute outlasts most greylisting; doubling up to an hour, 30 attempts give up after 11 to 23 hours."""

LetterT = TypeVar("LetterT", bound=Letter)
AsksToSign = SignatureRequestEmail | SignatureReminderEmail | LastChanceEmail | SignerReassignedEmail

_IN_WORDS = {Awaited: "yes", NotAwaited: "no longer", Unknown: "unknown"}
_TOLD: dict[type[Letter], Told] = {
    SignatureRequestEmail: Told.REQUEST,
    SignerReassignedEmail: Told.REQUEST,
    SignatureReminderEmail: Told.REMINDER,
    LastChanceEmail: Told.LAST_CHANCE,
}


class LetterUncertain(InDoubt):
    """Nobody heard whether the mail server took a letter. Its dead letter keeps it until somebody knows."""


class NotNow(NotYet):
    """It is an hour, or a day, at which nobody is to be reminded."""


def sends(contract: type[LetterT]) -> Callable[[Callable[[LetterT, Services], Done]], ContractTask]:
    """Register the task of a letter.

    Each of them may raise:
        Transient: the mail server is away, or said 4xx (RFC 5321, 4.2.1).
        Permanent: the server said 5xx.
        NotYet: it is too early for this letter.
        InDoubt: the server may have taken it, and nobody heard.
    """
    return task(contract, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF, settle_at_once=True)


@sends(SignatureRequestEmail)
def send_signature_request(job: SignatureRequestEmail, services: Services) -> Done:
    """Ask the signer to sign, unless the signature is no longer awaited; then plan the first reminder."""
    return _send_while_awaited(job, services)


@sends(SignerReassignedEmail)
def send_signer_reassigned(job: SignerReassignedEmail, services: Services) -> Done:
    """Ask the new signer, unless the signature is no longer awaited; then plan the first reminder."""
    return _send_while_awaited(job, services)


@sends(SignatureReminderEmail)
def send_signature_reminder(job: SignatureReminderEmail, services: Services) -> Done:
    """Remind the signer, unless the signature is no longer awaited; then plan what comes next."""
    return _send_while_awaited(job, services)


@sends(LastChanceEmail)
def send_last_chance(job: LastChanceEmail, services: Services) -> Done:
    """Warn the signer that the time is almost over, unless nobody awaits the signature, or there is more time now."""
    return _send_while_awaited(job, services)


@sends(DocumentCompletedEmail)
def send_document_completed(job: DocumentCompletedEmail, services: Services) -> Done:
    """Tell one person that everybody has signed, with the document where the job names its version."""
    return _send(job, services, {})


@sends(RequestDeclinedEmail)
def send_request_declined(job: RequestDeclinedEmail, services: Services) -> Done:
    """Tell the sender that a signer declined."""
    return _send(job, services, {})


@sends(RequestExpiredEmail)
def send_request_expired(job: RequestExpiredEmail, services: Services) -> Done:
    """Tell the sender that the time is over."""
    return _send(job, services, {})


@sends(RequestVoidedEmail)
def send_request_voided(job: RequestVoidedEmail, services: Services) -> Done:
    """Tell a signer that there is nothing left to sign."""
    return _send(job, services, {})


@sends(ComplianceAlertEmail)
def send_compliance_alert(job: ComplianceAlertEmail, services: Services) -> Done:
    """Tell the sender what a compliance check found."""
    return _send(job, services, {})


@sends(DeliveryFailedEmail)
def send_delivery_failed(job: DeliveryFailedEmail, services: Services) -> Done:
    """Tell the sender whom a letter did not reach."""
    return _send(job, services, {})


@sends(OneTimeCodeEmail)
def send_one_time_code(job: OneTimeCodeEmail, services: Services) -> Done:
    """Give the code to the one person it is for, unless it is no longer valid."""
    is_over = job.expires_at is not None and job.expires_at <= services.clock()
    if is_over and not services.post_office.was_handed_over(job):
        return _drop(job, WhyNotAwaited.EXPIRED.value, services)
    return _send(job, services, {})


def _send_while_awaited(job: AsksToSign, services: Services) -> Done:
    awaited = services.requests.awaits(job.document_id, job.recipient)
    if _is_pointless(awaited) and not services.post_office.was_handed_over(job):
        return _drop(job, awaited.reason.value, services)
    if _may_be_superseded(job) and not services.post_office.was_handed_over(job) and _is_superseded(job, services):
        _plan_next(job, services)
        return _drop(job, "superseded", services)
    return _send(
        job,
        services,
        {"awaited": _IN_WORDS[type(awaited)]},
        resend=not _is_pointless(awaited),  # nobody awaits it, so it does not go out again, whoever allowed it
    )


def _is_pointless(awaited: Awaited | NotAwaited | Unknown) -> TypeGuard[NotAwaited]:
    return isinstance(awaited, NotAwaited)


def _may_be_superseded(job: AsksToSign) -> bool:
    return _TOLD[type(job)] is not Told.REQUEST


def _is_superseded(job: AsksToSign, services: Services) -> bool:
    """Whether this reminder was told meanwhile, as by hand, or the time that it warns of was moved.

    Raises:
        NotNow: nobody is to be reminded at this hour.
    """
    letter = _TOLD[type(job)]
    request = services.requests.find(job.document_id) if job.document_id else None
    if request is None:
        return False
    now = services.clock()
    if letter is Told.LAST_CHANCE and request.expires_at:
        if now < request.expires_at - request.reminders.last_chance_before:
            return True
    elif services.requests.rounds_told(request.document_id, job.recipient, letter) >= job.round:
        return True
    _require_an_hour_that_is_not_quiet(request, job, services)
    return False


def _require_an_hour_that_is_not_quiet(request: SignatureRequest, job: AsksToSign, services: Services) -> None:
    now = services.clock()
    for signer in services.requests.signers_of(request, job.recipient):
        at = allowed(now, policy=request.reminders, time_zone=signer.time_zone)
        if at > now:
            raise NotNow("nobody is reminded at this hour of theirs", delay=at - now)


def _with_link(job: Letter, services: Services) -> Letter:
    """The same letter with a link that only this person has, where it has one and there are keys to mint it with."""
    links = services.links
    if links is None or not isinstance(job, AsksToSign) or job.document_id is None:
        return job
    if not job.signing_url.startswith(services.settings.signing_url):
        return job
    subject = (job.document_id, job.recipient.person)
    url = links.mint(job.signing_url, purpose="sign", subject=subject, expires_at=job.expires_at)
    return msgspec.structs.replace(job, signing_url=url)


def _drop(job: Letter, reason: str, services: Services) -> Done:
    """End without a letter."""
    log.info("letter dropped", reason=reason)
    _record(job, "letter.dropped", {"reason": reason}, services)
    return Done(f"dropped: {reason}")


def _send(job: Letter, services: Services, facts: dict[str, Fact], *, resend: bool = True) -> Done:
    try:
        outcome = _deliver(_with_link(job, services), services, resend=resend)
    except MailRefused as refused:
        source = refused.source if isinstance(refused, RefusedBefore) else Source.SMTP
        _record(job, "letter.bounced", {**facts, "host": refused.host}, services, source=source)
        _tell_sender(job, why_unreached(refused.response), services)
        raise
    match outcome:
        case Accepted(host, enclosed=enclosed):
            _record(job, "letter.accepted", {**facts, "host": host, **enclosed}, services)
            _note_told(job, services)
            return Done(f"accepted by {host}")
        case AlreadyAccepted(host, source, enclosed):
            _record(job, "letter.accepted", {**facts, "host": host, **enclosed}, services, source=source)
            _note_told(job, services)
            return Done(f"was accepted by {host} already")
        case Suppressed(reason):
            _record(job, "letter.suppressed", {**facts, "reason": reason.value}, services)
            _tell_sender(job, WhyUnreached.SUPPRESSED, services)
            return Done(f"suppressed: {reason.value}")
        case Uncertain(host, enclosed):
            _record(job, "letter.uncertain", {**facts, "host": host, **enclosed}, services)
            _plan_next(job, services)  # a doubt about this one is no reason to leave out the next
            raise LetterUncertain(
                f"nobody heard whether {host} took the letter, so it is not sent again until somebody knows: see "
                "`buffrsign mail uncertain list`"
            )


def _deliver(job: Letter, services: Services, *, resend: bool) -> Accepted | AlreadyAccepted | Uncertain | Suppressed:
    """Bring it to the post office; in our words, where its request's wording fitted once and fits no longer."""
    try:
        return services.post_office.deliver(job, resend=resend)
    except WordingRefused as refused:
        in_our_words = _without_the_requests_wording(job, services)
        if in_our_words is None:
            raise
        log.warning("letter was written in our words", part=refused.part, reason=refused.reason)
        return services.post_office.deliver(in_our_words, resend=resend)


def _without_the_requests_wording(job: Letter, services: Services) -> Letter | None:
    request = services.requests.find(job.document_id) if job.document_id else None
    wording = request and request.wordings.of(job.kind)
    if wording is None or wording != getattr(job, "wording", None):
        return None
    return msgspec.structs.replace(job, wording=None)


def _note_told(job: Letter, services: Services) -> None:
    """Note who was told what, which decides what comes next."""
    letter = _TOLD.get(type(job))
    if isinstance(job, AsksToSign) and letter and job.document_id:
        planned = services.requests.note_told(
            job.document_id, job.recipient, letter=letter, round_=job.round, tried=_round_tried(job)
        )
        if planned:
            _enqueue_next(*planned, job, services)


def _plan_next(job: Letter, services: Services) -> None:
    if isinstance(job, AsksToSign) and job.document_id:
        following = services.requests.plan_next(job.document_id, job.recipient, tried=_round_tried(job))
        request = services.requests.find(job.document_id)
        if following and request:
            _enqueue_next(following, request, job, services)


def _round_tried(job: AsksToSign) -> int:
    return job.round if _TOLD[type(job)] is Told.REMINDER else 0


def _enqueue_next(following: Next, request: SignatureRequest, job: AsksToSign, services: Services) -> None:
    """One letter is pending for each signer: a second one that is planned for the same round is a duplicate.

    What it says is the request's; its link is this letter's, which may be another service's.
    """
    signers = services.requests.signers_of(request, job.recipient)
    if signers:
        letter = letters.follows(request, signers[0], following, signing_url=job.signing_url)
        services.producer.enqueue(letter, at=following.at)


def _tell_sender(job: Letter, why: WhyUnreached, services: Services) -> None:
    """Who asked for the signature learns whom a letter did not reach; who was told so is told no more of that."""
    request = services.requests.find(job.document_id) if job.document_id else None
    if request is None or isinstance(job, DeliveryFailedEmail):
        return
    letter = delivery_failed(request, job.recipient, why=why, round_=job.round)
    if letter:
        services.producer.enqueue(letter)


def _record(
    job: Letter, action: str, facts: dict[str, Fact], services: Services, *, source: Source = Source.SMTP
) -> None:
    about: dict[str, Fact] = {"letter": job.kind, "round": job.round, "recipient_id": job.recipient.recipient_id}
    services.producer.enqueue(
        RecordEvent(
            entry_id=id_of(action, job.kind, job.key or (job.job_id,), source=source),
            action=action,
            occurred_at=services.clock(),
            document_id=job.document_id,
            details={**about, **facts, **said_by(source)},
        )
    )
