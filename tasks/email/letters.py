"""The task of each letter: some go out at once, some only while a signature is awaited."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

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
from buffrsign.requests import WhyNotAwaited
from config.services import Services
from tasks.base import ContractTask, Done, task
from tasks.email.awaited import send_while_awaited
from tasks.email.sending import drop, send

ATTEMPTS = 30
FIRST_BACKOFF = timedelta(seconds=30)
"""Half a minute outlasts most greylisting; doubling up to an hour, 30 attempts give up after 11 to 23 hours."""

LetterT = TypeVar("LetterT", bound=Letter)


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
    return send_while_awaited(job, services)


@sends(SignerReassignedEmail)
def send_signer_reassigned(job: SignerReassignedEmail, services: Services) -> Done:
    """Ask the new signer, unless the signature is no longer awaited; then plan the first reminder."""
    return send_while_awaited(job, services)


@sends(SignatureReminderEmail)
def send_signature_reminder(job: SignatureReminderEmail, services: Services) -> Done:
    """Remind the signer, unless the signature is no longer awaited; then plan what comes next."""
    return send_while_awaited(job, services)


@sends(LastChanceEmail)
def send_last_chance(job: LastChanceEmail, services: Services) -> Done:
    """Warn the signer that the time is almost over, unless nobody awaits the signature, or there is more time now."""
    return send_while_awaited(job, services)


@sends(DocumentCompletedEmail)
def send_document_completed(job: DocumentCompletedEmail, services: Services) -> Done:
    """Tell one person that everybody has signed, with the document where the job names its version."""
    return send(job, services)


@sends(RequestDeclinedEmail)
def send_request_declined(job: RequestDeclinedEmail, services: Services) -> Done:
    """Tell the sender that a signer declined."""
    return send(job, services)


@sends(RequestExpiredEmail)
def send_request_expired(job: RequestExpiredEmail, services: Services) -> Done:
    """Tell the sender that the time is over."""
    return send(job, services)


@sends(RequestVoidedEmail)
def send_request_voided(job: RequestVoidedEmail, services: Services) -> Done:
    """Tell a signer that there is nothing left to sign."""
    return send(job, services)


@sends(ComplianceAlertEmail)
def send_compliance_alert(job: ComplianceAlertEmail, services: Services) -> Done:
    """Tell the sender what a compliance check found."""
    return send(job, services)


@sends(DeliveryFailedEmail)
def send_delivery_failed(job: DeliveryFailedEmail, services: Services) -> Done:
    """Tell the sender whom a letter did not reach."""
    return send(job, services)


@sends(OneTimeCodeEmail)
def send_one_time_code(job: OneTimeCodeEmail, services: Services) -> Done:
    """Give the code to the one person it is for, unless it is no longer valid."""
    is_over = job.expires_at is not None and job.expires_at <= services.clock()
    if is_over and not services.post_office.was_handed_over(job):
        return drop(job, WhyNotAwaited.EXPIRED.value, services)
    return send(job, services)
