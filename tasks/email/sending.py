"""How any letter is sent: delivered once, recorded in the ledger, and told to the sender where it does not arrive."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from buffrsign.core.errors import InDoubt
from buffrsign.core.logs import get_logger
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import DeliveryFailedEmail, Letter, WhyUnreached
from buffrsign.jobs.fields import Fact
from buffrsign.mail.delivery import Accepted, MailRefused
from buffrsign.mail.entries import id_of, said_by
from buffrsign.mail.post_office import RefusedBefore, Suppressed
from buffrsign.mail.record import AlreadyAccepted, Uncertain
from buffrsign.mail.states import Source, why_unreached
from buffrsign.mail.wording import WordingRefused
from buffrsign.requests import delivery_failed
from config.services import Services
from tasks.base import Done
from tasks.email.following import AsksToSign, note_told, plan_next

log = get_logger(__name__)


class LetterUncertain(InDoubt):
    """Nobody heard whether the mail server took a letter. Its dead letter keeps it until somebody knows."""


def send(
    job: Letter, services: Services, *, facts: Mapping[str, Fact] = MappingProxyType({}), resend: bool = True
) -> Done:
    """Hand the letter over, once, and record what came of it with these facts; `resend` as the post office has it.

    Raises:
        MailRefused: nobody will take it; its sender is told.
        LetterUncertain: it may have been taken.
        Exception: as `PostOffice.deliver`.
    """
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
            note_told(job, services)
            return Done(f"accepted by {host}")
        case AlreadyAccepted(host, source, enclosed):
            _record(job, "letter.accepted", {**facts, "host": host, **enclosed}, services, source=source)
            note_told(job, services)
            return Done(f"was accepted by {host} already")
        case Suppressed(reason):
            _record(job, "letter.suppressed", {**facts, "reason": reason.value}, services)
            _tell_sender(job, WhyUnreached.SUPPRESSED, services)
            return Done(f"suppressed: {reason.value}")
        case Uncertain(host, enclosed):
            _record(job, "letter.uncertain", {**facts, "host": host, **enclosed}, services)
            plan_next(job, services)  # a doubt about this one is no reason to leave out the next
            raise LetterUncertain(
                f"nobody heard whether {host} took the letter, so it is not sent again until somebody knows: see "
                "`buffrsign mail uncertain list`"
            )


def drop(job: Letter, reason: str, services: Services) -> Done:
    """End without a letter."""
    log.info("letter dropped", reason=reason)
    _record(job, "letter.dropped", {"reason": reason}, services)
    return Done(f"dropped: {reason}")


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
