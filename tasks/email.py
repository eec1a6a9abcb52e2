"""How letters are sent: once each, and only while somebody waits for what they ask."""

from typing import TypeGuard

import msgspec

from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger
from buffrsign.jobs.audit import RecordEvent, entry_id
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
)
from buffrsign.jobs.fields import Fact
from buffrsign.mail.delivery import Accepted
from buffrsign.mail.record import AlreadyAccepted, Uncertain
from buffrsign.requests import Awaited, NotAwaited, Unknown, WhyNotAwaited
from config.services import Services
from tasks.base import Done, task

log = get_logger(__name__)

_IN_WORDS = {Awaited: "yes", NotAwaited: "no longer", Unknown: "unknown"}


@task(SignatureRequestEmail, attempts=20, settle_at_once=True)
def send_signature_request(job: SignatureRequestEmail, services: Services) -> Done:
    """Ask the signer to sign, unless the signature is no longer awaited.

    Raises:
        Transient: the mail server is away, or said 4xx (RFC 5321, 4.2.1).
        Permanent: the server said 5xx.
    """
    return _send_while_awaited(job, services)


@task(SignatureReminderEmail, attempts=20, settle_at_once=True)
def send_signature_reminder(job: SignatureReminderEmail, services: Services) -> Done:
    """Remind the signer, unless the signature is no longer awaited; then schedule the next reminder.

    Raises: as `send_signature_request`.
    """
    awaited = services.requests.awaits(job.document_id, job.recipient)
    if _is_pointless(awaited, job, services):
        return _drop(job, awaited, services)
    done = _send(job, services, {"awaited": _IN_WORDS[type(awaited)]})
    if not isinstance(awaited, NotAwaited):
        _schedule_next_reminder(job, services)
    return done


@task(LastChanceEmail, attempts=20, settle_at_once=True)
def send_last_chance(job: LastChanceEmail, services: Services) -> Done:
    """Warn the signer that the time is almost over, unless the signature is no longer awaited.

    Raises: as `send_signature_request`.
    """
    return _send_while_awaited(job, services)


@task(SignerReassignedEmail, attempts=20, settle_at_once=True)
def send_signer_reassigned(job: SignerReassignedEmail, services: Services) -> Done:
    """Ask the new signer, unless the signature is no longer awaited.

    Raises: as `send_signature_request`.
    """
    return _send_while_awaited(job, services)


@task(DocumentCompletedEmail, attempts=20, settle_at_once=True)
def send_document_completed(job: DocumentCompletedEmail, services: Services) -> Done:
    """Tell one person that everybody has signed.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


@task(RequestDeclinedEmail, attempts=20, settle_at_once=True)
def send_request_declined(job: RequestDeclinedEmail, services: Services) -> Done:
    """Tell the sender that a signer declined.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


@task(RequestExpiredEmail, attempts=20, settle_at_once=True)
def send_request_expired(job: RequestExpiredEmail, services: Services) -> Done:
    """Tell the sender that the time is over.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


@task(RequestVoidedEmail, attempts=20, settle_at_once=True)
def send_request_voided(job: RequestVoidedEmail, services: Services) -> Done:
    """Tell a signer that there is nothing left to sign.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


@task(ComplianceAlertEmail, attempts=20, settle_at_once=True)
def send_compliance_alert(job: ComplianceAlertEmail, services: Services) -> Done:
    """Tell the sender what a compliance check found.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


@task(DeliveryFailedEmail, attempts=20, settle_at_once=True)
def send_delivery_failed(job: DeliveryFailedEmail, services: Services) -> Done:
    """Tell the sender whom a letter did not reach.

    Raises: as `send_signature_request`.
    """
    return _send(job, services, {})


@task(OneTimeCodeEmail, attempts=20, settle_at_once=True)
def send_one_time_code(job: OneTimeCodeEmail, services: Services) -> Done:
    """Give the code to the one person it is for, unless it is no longer valid.

    Raises: as `send_signature_request`.
    """
    is_over = job.expires_at is not None and job.expires_at <= services.clock()
    if is_over and not services.post_office.was_handed_over(job):
        return _drop(job, NotAwaited(WhyNotAwaited.EXPIRED), services)
    return _send(job, services, {})


def _send_while_awaited(job: Letter, services: Services) -> Done:
    awaited = services.requests.awaits(job.document_id, job.recipient)
    if _is_pointless(awaited, job, services):
        return _drop(job, awaited, services)
    return _send(job, services, {"awaited": _IN_WORDS[type(awaited)]})


def _is_pointless(awaited: Awaited | NotAwaited | Unknown, job: Letter, services: Services) -> TypeGuard[NotAwaited]:
    """What went out before a crash is never called dropped: what happened comes before what is wanted now."""
    return isinstance(awaited, NotAwaited) and not services.post_office.was_handed_over(job)


def _drop(job: Letter, nothing: NotAwaited, services: Services) -> Done:
    """End without a letter."""
    log.info("letter dropped", reason=nothing.reason.value)
    _record(job, "letter.dropped", {"reason": nothing.reason.value}, services)
    return Done(f"dropped: {nothing.reason.value}")


def _send(job: Letter, services: Services, facts: dict[str, Fact]) -> Done:
    match services.post_office.deliver(job):
        case Accepted(host):
            _record(job, "letter.accepted", {**facts, "host": host}, services)
            return Done(f"accepted by {host}")
        case AlreadyAccepted(host):
            _record(job, "letter.accepted", {**facts, "host": host}, services)
            return Done(f"was accepted by {host} already")
        case Uncertain(host):
            log.error("letter uncertain, a person must decide", host=host)
            _record(job, "letter.uncertain", {**facts, "host": host}, services)
            return Done("uncertain: nobody heard whether the mail server took it; not sent again")


def _schedule_next_reminder(job: SignatureReminderEmail, services: Services) -> None:
    request = services.requests.find(job.document_id) if job.document_id else None
    if request is None or job.round >= request.reminders.at_most:
        return
    following = msgspec.structs.replace(job, job_id=new_ulid(), round=job.round + 1)
    services.producer.enqueue(following, delay=request.reminders.every)


def _record(job: Letter, action: str, facts: dict[str, Fact], services: Services) -> None:
    services.producer.enqueue(
        RecordEvent(
            entry_id=entry_id(action, job.kind, *(job.key or (job.job_id,))),
            action=action,
            occurred_at=services.clock(),
            document_id=job.document_id,
            details={"letter": job.kind, "round": job.round, "recipient_id": job.recipient.recipient_id, **facts},
        )
    )
