"""A signature request as it stands: what was asked of whom, and how far each of them has come."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from buffrsign.jobs.requests import ReminderPolicy, Sender, Signer, Wordings


class SignerState(StrEnum):
    """How far one signer has come. It only moves forward, and it ends in one of the last three.

    `reassigned`: somebody else signs in their place, and has a state of their own.
    """

    AWAITING = "awaiting"
    VIEWED = "viewed"
    SIGNED = "signed"
    DECLINED = "declined"
    REASSIGNED = "reassigned"


class RequestState(StrEnum):
    """What a request has come to. That it expired is a question of the clock and therefore no state."""

    OPEN = "open"
    COMPLETED = "completed"
    DECLINED = "declined"
    VOIDED = "voided"


@dataclass(frozen=True)
class SignerProgress:
    """One signer and how far they are.

    `decided_at`: when they signed, declined, or were replaced. `in_place_of`: whom they replaced, by `recipient_id`.
    """

    signer: Signer
    state: SignerState = SignerState.AWAITING
    decided_at: datetime | None = None
    in_place_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignatureRequest:
    """One document and everybody who is asked to sign it, in the order in which the sender named them.

    Who signs in somebody's place follows them. `expiries`: how often the time had run out and was extended.
    """

    document_id: str
    document_title: str
    sender: Sender
    message: str
    expires_at: datetime | None
    reminders: ReminderPolicy
    opened_at: datetime
    voided_at: datetime | None
    signers: tuple[SignerProgress, ...]
    wordings: Wordings = field(default_factory=Wordings)
    expiries: int = 0

    @property
    def to_sign(self) -> tuple[SignerProgress, ...]:
        """Those whose signatures make it complete: everybody but those in whose place somebody else signs."""
        return tuple(progress for progress in self.signers if progress.state is not SignerState.REASSIGNED)

    @property
    def state(self) -> RequestState:
        """Derived from the signers and never stored, so the two cannot disagree.

        A void wins over everything and a refusal over the signatures, whichever was recorded first.
        """
        if self.voided_at is not None:
            return RequestState.VOIDED
        states = {progress.state for progress in self.to_sign}
        if SignerState.DECLINED in states:
            return RequestState.DECLINED
        if states == {SignerState.SIGNED}:
            return RequestState.COMPLETED
        return RequestState.OPEN
