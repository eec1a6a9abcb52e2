"""What follows a letter that asks for a signature: who was told what is noted, and the next one planned."""

from buffrsign.jobs.email import (
    LastChanceEmail,
    Letter,
    SignatureReminderEmail,
    SignatureRequestEmail,
    SignerReassignedEmail,
)
from buffrsign.requests import Next, SignatureRequest, Told, letters
from config.services import Services

AsksToSign = SignatureRequestEmail | SignatureReminderEmail | LastChanceEmail | SignerReassignedEmail

TOLD: dict[type[Letter], Told] = {
    SignatureRequestEmail: Told.REQUEST,
    SignerReassignedEmail: Told.REQUEST,
    SignatureReminderEmail: Told.REMINDER,
    LastChanceEmail: Told.LAST_CHANCE,
}


def note_told(job: Letter, services: Services) -> None:
    """Note who was told what, which decides what comes next."""
    letter = TOLD.get(type(job))
    if isinstance(job, AsksToSign) and letter and job.document_id:
        planned = services.requests.note_told(
            job.document_id, job.recipient, letter=letter, round_=job.round, tried=_round_tried(job)
        )
        if planned:
            _enqueue_next(*planned, job, services)


def plan_next(job: Letter, services: Services) -> None:
    """Plan what comes next without noting that this letter was told: it was superseded, or nobody knows."""
    if isinstance(job, AsksToSign) and job.document_id:
        following = services.requests.plan_next(job.document_id, job.recipient, tried=_round_tried(job))
        request = services.requests.find(job.document_id)
        if following and request:
            _enqueue_next(following, request, job, services)


def _round_tried(job: AsksToSign) -> int:
    return job.round if TOLD[type(job)] is Told.REMINDER else 0


def _enqueue_next(following: Next, request: SignatureRequest, job: AsksToSign, services: Services) -> None:
    """One letter is pending for each signer: a second one that is planned for the same round is a duplicate.

    What it says is the request's; its link is this letter's, which may be another service's.
    """
    signers = services.requests.signers_of(request, job.recipient)
    if signers:
        letter = letters.follows(request, signers[0], following, signing_url=job.signing_url)
        services.producer.enqueue(letter, at=following.at)
