"""What the requests package answers: normal outcomes are values to `match`, the rest are errors with the way out."""

from dataclasses import dataclass
from enum import StrEnum

from buffrsign.core.errors import Permanent
from buffrsign.jobs.requests import Signer


class RequestUnknown(Permanent):
    """Nobody opened a signature request for this document."""

    def __init__(self, document_id: str) -> None:
        super().__init__(f"document {document_id} has no signature request; open one before recording its events")
        self.document_id = document_id


class SignerUnknown(Permanent):
    """The event names somebody who is not a signer of this document."""

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"the event names no signer of document {document_id}; send a recipient_id that its request names"
        )
        self.document_id = document_id


class EventClash(Permanent):
    """Two different events came under one id: taking the second for a repeat would lose a signature."""

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"an event of document {document_id} has the id of an earlier, different one; give it an id of its own"
        )
        self.document_id = document_id


@dataclass(frozen=True)
class Opened:
    """The request exists from now on."""


@dataclass(frozen=True)
class AlreadyOpen:
    """The document had its request before, and nothing was changed. `identical`: both ask for the same."""

    identical: bool


class WhyNotApplied(StrEnum):
    """What contradicts an event."""

    ALREADY_SIGNED = "already_signed"
    ALREADY_DECLINED = "already_declined"
    ALREADY_VOIDED = "already_voided"
    ALREADY_COMPLETED = "already_completed"
    ALREADY_REASSIGNED = "already_reassigned"
    ALREADY_A_SIGNER = "already_a_signer"
    SAME_PERSON = "same_person"
    NOT_LATER = "not_later"
    NOT_AWAITED = "not_awaited"
    TOO_SOON = "too_soon"
    NO_REMINDER_LEFT = "no_reminder_left"


@dataclass(frozen=True)
class Recorded:
    """The event is part of the history.

    `completed_now`: with it everybody had signed. `next_signers`: whose turn came by it. `round`: of the letter that
    was asked for by hand, and goes to `asked_for`, or of those that ask `next_signers` once more; None: the first.
    """

    completed_now: bool = False
    next_signers: tuple[Signer, ...] = ()
    asked_for: Signer | None = None
    round: int | None = None


@dataclass(frozen=True)
class NotApplied:
    """The event is kept but moved nothing, because it contradicts what was recorded before it."""

    reason: WhyNotApplied


@dataclass(frozen=True)
class AlreadyRecorded:
    """A repeat. `first` is what the first recording brought, so that a caller who died before acting on it can."""

    first: Recorded | NotApplied


class WhyNotAwaited(StrEnum):
    """Why nobody waits for a signature (any more, or yet)."""

    SIGNED = "signed"
    COMPLETED = "completed"
    DECLINED = "declined"
    VOIDED = "voided"
    REASSIGNED = "reassigned"
    EXPIRED = "expired"
    NOT_THEIR_TURN = "not_their_turn"
    NOT_A_SIGNER = "not_a_signer"


@dataclass(frozen=True)
class Awaited:
    """The signature is awaited now."""


@dataclass(frozen=True)
class NotAwaited:
    """The signature is not awaited, and why."""

    reason: WhyNotAwaited


@dataclass(frozen=True)
class Unknown:
    """There is no document, or no request for it, to ask about."""
