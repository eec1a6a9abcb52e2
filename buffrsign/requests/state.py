"""The state machine of a signature request: pure and monotone, so events may come twice and in any order.

    signer:  awaiting → viewed → signed | declined | reassigned

Every order of one history ends in the same state, as long as nobody does two of the last three; of somebody who does,
the one that was recorded first stays. A `viewed` after `signed` is a fact that moves nothing; a `signed` after `voided`
is still a signature, only nobody waits for the others any more. Nobody takes a place in a request that has ended.
"""

from dataclasses import replace
from datetime import datetime

import msgspec

from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import Event, Person, Signer, SignerEvent
from buffrsign.requests.outcomes import (
    Awaited,
    NotApplied,
    NotAwaited,
    SignerUnknown,
    WhyNotApplied,
    WhyNotAwaited,
)
from buffrsign.requests.request import RequestState, SignatureRequest, SignerProgress, SignerState

_CONTRADICTED_BY = {
    SignerState.SIGNED: WhyNotApplied.ALREADY_SIGNED,
    SignerState.DECLINED: WhyNotApplied.ALREADY_DECLINED,
    SignerState.REASSIGNED: WhyNotApplied.ALREADY_REASSIGNED,
}

_ENDED = {
    RequestState.COMPLETED: WhyNotApplied.ALREADY_COMPLETED,
    RequestState.DECLINED: WhyNotApplied.ALREADY_DECLINED,
    RequestState.VOIDED: WhyNotApplied.ALREADY_VOIDED,
}
_ASKS_FOR_A_LETTER = {Event.REMIND_NOW, Event.NOT_RECEIVED}


def apply(request: SignatureRequest, event: SignerEvent) -> SignatureRequest | NotApplied:
    """The request after the event; the same request when the event is true but moves nothing.

    Raises:
        SignerUnknown: the event names nobody of this request.
    """
    if event.event is Event.VOIDED:
        return _voided(request, event)
    if event.event is Event.EXTENDED:
        return _extended(request, event)
    if event.event in _ASKS_FOR_A_LETTER:
        return request if _is_awaited(request, event) else NotApplied(WhyNotApplied.NOT_AWAITED)
    if event.new_signer is not None:
        return _reassigned(request, event, event.new_signer)
    progress = _progress_of(request, event.recipient_id)
    moved = _moved(progress, event)
    if isinstance(moved, NotApplied):
        return moved
    return replace(request, signers=tuple(moved if each is progress else each for each in request.signers))


def to_ask(request: SignatureRequest, *, now: datetime) -> tuple[Signer, ...]:
    """Exactly those whose signature is awaited now: of the lowest unfinished order, whoever has not signed."""
    if request.state is not RequestState.OPEN or _expired(request, now):
        return ()
    unsigned = [progress.signer for progress in request.to_sign if progress.state is not SignerState.SIGNED]
    turn = min(signer.order for signer in unsigned)
    return tuple(signer for signer in unsigned if signer.order == turn)


def awaits(request: SignatureRequest, recipient: Recipient, *, now: datetime) -> Awaited | NotAwaited:
    """Whether this person's signature is awaited.

    People are known by their `recipient_id`, or by e-mail without one; when several signers share an address, one of
    them who is awaited suffices.
    """
    answers = [_answer(request, each, now) for each in request.signers if _is(each.signer, recipient)]
    if not answers:
        return NotAwaited(WhyNotAwaited.NOT_A_SIGNER)
    return Awaited() if Awaited() in answers else answers[0]


def signers_of(request: SignatureRequest, recipient: Recipient) -> tuple[Signer, ...]:
    """The signers that this person is: several, where they share an address and no `recipient_id` was given."""
    return tuple(each.signer for each in request.signers if _is(each.signer, recipient))


def _voided(request: SignatureRequest, event: SignerEvent) -> SignatureRequest | NotApplied:
    if request.voided_at is not None:
        return NotApplied(WhyNotApplied.ALREADY_VOIDED)
    return replace(request, voided_at=event.occurred_at)


def _extended(request: SignatureRequest, event: SignerEvent) -> SignatureRequest | NotApplied:
    """Time is only added: so extensions may come in any order."""
    if request.state is not RequestState.OPEN:
        return NotApplied(_ENDED[request.state])
    if request.expires_at is None or event.expires_at is None or event.expires_at <= request.expires_at:
        return NotApplied(WhyNotApplied.NOT_LATER)
    return replace(request, expires_at=event.expires_at)


def _reassigned(request: SignatureRequest, event: SignerEvent, person: Person) -> SignatureRequest | NotApplied:
    """The new signer follows the former one, in the same order, so that reassignments may come in any order."""
    former = _progress_of(request, event.recipient_id)
    reason = _why_not_reassigned(request, former, person)
    if reason is not None:
        return NotApplied(reason)
    replaced = replace(former, state=SignerState.REASSIGNED, decided_at=event.occurred_at)
    signer = Signer(**msgspec.structs.asdict(person), order=former.signer.order)
    new = SignerProgress(signer, in_place_of=former.signer.recipient_id)
    place = request.signers.index(former)
    return replace(request, signers=(*request.signers[:place], replaced, new, *request.signers[place + 1 :]))


def _why_not_reassigned(request: SignatureRequest, former: SignerProgress, person: Person) -> WhyNotApplied | None:
    if former.state in _CONTRADICTED_BY:
        return _CONTRADICTED_BY[former.state]
    if request.state is not RequestState.OPEN:
        return _ENDED[request.state]
    if person.recipient_id == former.signer.recipient_id:
        return WhyNotApplied.SAME_PERSON
    if any(person.recipient_id == each.signer.recipient_id for each in request.signers):
        return WhyNotApplied.ALREADY_A_SIGNER
    return None


def _is_awaited(request: SignatureRequest, event: SignerEvent) -> bool:
    signer = _progress_of(request, event.recipient_id).signer
    return signer in to_ask(request, now=event.occurred_at)


def _progress_of(request: SignatureRequest, recipient_id: str | None) -> SignerProgress:
    for progress in request.signers:
        if progress.signer.recipient_id == recipient_id:
            return progress
    raise SignerUnknown(request.document_id)


def _moved(progress: SignerProgress, event: SignerEvent) -> SignerProgress | NotApplied:
    decided = progress.state in _CONTRADICTED_BY
    if event.event is Event.VIEWED:
        return progress if decided else replace(progress, state=SignerState.VIEWED)
    if decided:
        return NotApplied(_CONTRADICTED_BY[progress.state])
    return replace(progress, state=SignerState(event.event), decided_at=event.occurred_at)


def _is(signer: Signer, recipient: Recipient) -> bool:
    if recipient.recipient_id is not None:
        return signer.recipient_id == recipient.recipient_id
    return signer.email.casefold() == recipient.email.casefold()


def _answer(request: SignatureRequest, progress: SignerProgress, now: datetime) -> Awaited | NotAwaited:
    if request.state is not RequestState.OPEN:
        return NotAwaited(WhyNotAwaited(request.state))
    if progress.state is SignerState.SIGNED:
        return NotAwaited(WhyNotAwaited.SIGNED)
    if progress.state is SignerState.REASSIGNED:
        return NotAwaited(WhyNotAwaited.REASSIGNED)
    if _expired(request, now):
        return NotAwaited(WhyNotAwaited.EXPIRED)
    if progress.signer not in to_ask(request, now=now):
        return NotAwaited(WhyNotAwaited.NOT_THEIR_TURN)
    return Awaited()


def _expired(request: SignatureRequest, now: datetime) -> bool:
    return request.expires_at is not None and request.expires_at <= now
