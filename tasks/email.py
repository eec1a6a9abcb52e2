"""How letters are sent: once each, and only while somebody waits for what they ask."""

from datetime import timedelta
from typing import TypeGuard

import msgspec

from buffrsign.core.errors import InDoubt
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import DocumentCompletedEmail, Letter, SignatureReminderEmail, SignatureRequestEmail
from buffrsign.jobs.fields import Fact
from buffrsign.mail.delivery import Accepted, MailRefused
from buffrsign.mail.entries import id_of, said_by
from buffrsign.mail.post_office import RefusedBefore, Suppressed
from buffrsign.mail.record import AlreadyAccepted, Uncertain
from buffrsign.mail.states import Source
from buffrsign.requests import Awaited, NotAwaited, Unknown
from config.services import Services
from tasks.base import Done, task

log = get_logger(__name__)

ATTEMPTS = 30
FIRST_BACKOFF = timedelta(seconds=30)
"""Half a minute outlasts most greylisting; doubling up to an hour, 30 attempts give up after 11 to 23 hours."""


class LetterUncertain(InDoubt):
    """Nobody heard whether the mail server took a letter. Its dead letter keeps it until somebody knows."""


_IN_WORDS = {Awaited: "yes", NotAwaited: "no longer", Unknown: "unknown"}


@task(SignatureRequestEmail, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF, settle_at_once=True)
def send_signature_request(job: SignatureRequestEmail, services: Services) -> Done:
    """Ask the signer to sign, unless the signature is no longer awaited.

    Raises:
        Transient: the mail server is away, or said 4xx (RFC 5321, 4.2.1).
        Permanent: the server said 5xx.
        InDoubt: the server may have taken it, and nobody heard.
    """
    awaited = services.requests.awaits(job.document_id, job.recipient)
    if _is_pointless(awaited, job, services):
        return _drop(job, awaited, services)
    return _send_awaited(job, awaited, services)


@task(SignatureReminderEmail, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF, settle_at_once=True)
def send_signature_reminder(job: SignatureReminderEmail, services: Services) -> Done:
    """Remind the signer, unless the signature is no longer awaited; then schedule the next reminder.

    Raises: as `send_signature_request`.
    """
    awaited = services.requests.awaits(job.document_id, job.recipient)
    if _is_pointless(awaited, job, services):
        return _drop(job, awaited, services)
    try:
        done = _send_awaited(job, awaited, services)
    except LetterUncertain:
        _go_on_reminding(job, awaited, services)  # a doubt about this one is no reason to leave out the next
        raise
    _go_on_reminding(job, awaited, services)
    return done


@task(DocumentCompletedEmail, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF, settle_at_once=True)
def send_document_completed(job: DocumentCompletedEmail, services: Services) -> Done:
    """Tell one person that everybody has signed.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


def _is_pointless(awaited: Awaited | NotAwaited | Unknown, job: Letter, services: Services) -> TypeGuard[NotAwaited]:
    """What went out before a crash is never called dropped: what happened comes before what is wanted now."""
    return isinstance(awaited, NotAwaited) and not services.post_office.was_handed_over(job)


def _drop(job: Letter, nothing: NotAwaited, services: Services) -> Done:
    """End without a letter."""
    log.info("letter dropped", reason=nothing.reason.value)
    _record(job, "letter.dropped", {"reason": nothing.reason.value}, services)
    return Done(f"dropped: {nothing.reason.value}")


def _send_awaited(job: Letter, awaited: Awaited | NotAwaited | Unknown, services: Services) -> Done:
    """A letter that may have gone out, and that nobody awaits any more, is not sent again, whoever allowed it."""
    facts: dict[str, Fact] = {"awaited": _IN_WORDS[type(awaited)]}
    return _send(job, services, facts, resend=not isinstance(awaited, NotAwaited))


def _send(job: Letter, services: Services, facts: dict[str, Fact], *, resend: bool = True) -> Done:
    try:
        outcome = services.post_office.deliver(job, resend=resend)
    except RefusedBefore as refused:
        _record(job, "letter.bounced", {**facts, "host": refused.host}, services, source=refused.source)
        raise
    except MailRefused as refused:
        _record(job, "letter.bounced", {**facts, "host": refused.host}, services)
        raise
    match outcome:
        case Accepted(host):
            _record(job, "letter.accepted", {**facts, "host": host}, services)
            return Done(f"accepted by {host}")
        case AlreadyAccepted(host, source):
            _record(job, "letter.accepted", {**facts, "host": host}, services, source=source)
            return Done(f"was accepted by {host} already")
        case Suppressed(reason):
            _record(job, "letter.suppressed", {**facts, "reason": reason.value}, services)
            return Done(f"suppressed: {reason.value}")
        case Uncertain(host):
            _record(job, "letter.uncertain", {**facts, "host": host}, services)
            raise LetterUncertain(
                f"nobody heard whether {host} took the letter, so it is not sent again until somebody knows: see "
                "`buffrsign mail uncertain list`"
            )


def _go_on_reminding(job: SignatureReminderEmail, awaited: Awaited | NotAwaited | Unknown, services: Services) -> None:
    if isinstance(awaited, NotAwaited):
        return
    request = services.requests.find(job.document_id) if job.document_id else None
    if request is None or job.round >= request.reminders.at_most:
        return
    following = msgspec.structs.replace(job, job_id=new_ulid(), round=job.round + 1)
    services.producer.enqueue(following, delay=request.reminders.every)


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
