"""Letters that ask for a signature: they go out only while it is awaited, and nothing else has taken their place."""

from typing import TypeGuard

from buffrsign.core.errors import NotYet
from buffrsign.requests import Awaited, NotAwaited, SignatureRequest, Told, Unknown, allowed
from config.services import Services
from tasks.base import Done
from tasks.email.following import TOLD, AsksToSign, plan_next
from tasks.email.sending import drop, send

_IN_WORDS = {Awaited: "yes", NotAwaited: "no longer", Unknown: "unknown"}


class NotNow(NotYet):
    """It is an hour, or a day, at which nobody is to be reminded."""


def send_while_awaited(job: AsksToSign, services: Services) -> Done:
    """Send it, or drop it where nobody waits for what it asks; what was handed over before is never dropped.

    Raises:
        NotNow: nobody is to be reminded at this hour.
        Exception: as `send`.
    """
    awaited = services.requests.awaits(job.document_id, job.recipient)
    if _is_pointless(awaited) and not services.post_office.was_handed_over(job):
        return drop(job, awaited.reason.value, services)
    if _may_be_superseded(job) and not services.post_office.was_handed_over(job) and _is_superseded(job, services):
        plan_next(job, services)
        return drop(job, "superseded", services)
    return send(
        job,
        services,
        facts={"awaited": _IN_WORDS[type(awaited)]},
        resend=not _is_pointless(awaited),  # nobody awaits it, so it does not go out again, whoever allowed it
    )


def _is_pointless(awaited: Awaited | NotAwaited | Unknown) -> TypeGuard[NotAwaited]:
    return isinstance(awaited, NotAwaited)


def _may_be_superseded(job: AsksToSign) -> bool:
    return TOLD[type(job)] is not Told.REQUEST


def _is_superseded(job: AsksToSign, services: Services) -> bool:
    """Whether this reminder was told meanwhile, as by hand, or the time that it warns of was moved.

    Raises:
        NotNow: nobody is to be reminded at this hour.
    """
    letter = TOLD[type(job)]
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
