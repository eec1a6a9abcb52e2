"""Jobs that open signature requests and record what their signers did."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from buffrsign.jobs.email import Wording
from buffrsign.jobs.fields import (
    DocumentId,
    EmailAddress,
    Line,
    Locale,
    Message,
    Moment,
    PersonId,
    Sha256,
    TimeOfDay,
    TimeZone,
    Title,
)
from buffrsign.jobs.job import Job, Key
from buffrsign.jobs.queues import Queue

SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(days=366)


class Sender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks for the signatures."""

    email: EmailAddress
    name: Line = ""
    locale: Locale = "en"


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person who may be asked for a signature.

    Reminders keep the quiet hours of `time_zone`; letters say times in Namibian time.
    """

    recipient_id: PersonId
    email: EmailAddress
    name: Line = ""
    locale: Locale = "en"
    time_zone: TimeZone = "Africa/Windhoek"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("the time zone is none of the IANA data base, as Africa/Windhoek is") from error


class Signer(Person, frozen=True, forbid_unknown_fields=True):
    """A person whose signature is asked for. Signers of one `order` are asked together, the next order after them."""

    order: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class ReminderPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a signer who was asked is reminded: first after a while, then at intervals, at most so often.

    One more letter, the last chance, comes so long before the request expires; zero: none does. Nobody gets a reminder
    in the quiet hours of their own time zone (none, where both ends are the same), and, where that is asked for, only
    from Monday to Friday. `asked_every`: how often a reminder, or the letter once more, may be asked for by hand.
    """

    first_after: timedelta = timedelta(days=5)
    every: timedelta = timedelta(days=2)
    at_most: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5
    last_chance_before: timedelta = timedelta(days=1)
    quiet_from: TimeOfDay = "20:00"
    quiet_until: TimeOfDay = "08:00"
    business_days_only: bool = False
    asked_every: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if not all(SHORTEST_PAUSE <= pause <= LONGEST_PAUSE for pause in (self.first_after, self.every)):
            raise ValueError("reminders are between one second and 366 days apart")
        if not all(timedelta(0) <= pause <= LONGEST_PAUSE for pause in (self.last_chance_before, self.asked_every)):
            raise ValueError("last_chance_before and asked_every are between nothing and 366 days")


class Wordings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer's own words in the letters of a request, by letter: its kind without `email.`; none keeps ours."""

    signature_request: Wording | None = None
    signature_reminder: Wording | None = None
    last_chance: Wording | None = None
    signer_reassigned: Wording | None = None
    document_completed: Wording | None = None
    request_declined: Wording | None = None
    request_expired: Wording | None = None
    request_voided: Wording | None = None

    def of(self, kind: str) -> Wording | None:
        """The wording of a kind of letter; None too where letters of that kind say our words only."""
        return getattr(self, kind.rpartition(".")[2], None)


class OpenRequest(Job, kind="requests.open", queue=Queue.REQUESTS, version=3):
    """Ask several people to sign one document: one enqueue yields the letters and the reminders.

    `wordings` that cannot be written are refused when the request is opened, before anybody is asked.
    """

    document_id: DocumentId
    document_title: Title
    sender: Sender
    signers: Annotated[tuple[Signer, ...], msgspec.Meta(min_length=1, max_length=200)]
    message: Message = ""
    expires_at: Moment | None = None
    reminders: ReminderPolicy = ReminderPolicy()
    wordings: Wordings = Wordings()

    def __post_init__(self) -> None:
        if len({signer.recipient_id for signer in self.signers}) < len(self.signers):
            raise ValueError("two signers have the same recipient_id")

    @property
    def key(self) -> Key:
        """A document has one signature request."""
        return Key(self.document_id)


class Event(StrEnum):
    """What can happen to a signature request from outside."""

    VIEWED = "viewed"
    SIGNED = "signed"
    DECLINED = "declined"
    VOIDED = "voided"
    EXTENDED = "extended"
    REMIND_NOW = "remind_now"
    NOT_RECEIVED = "not_received"
    REASSIGNED = "reassigned"


class SignerEvent(Job, kind="requests.signer_event", queue=Queue.REQUESTS, version=4):
    """One thing that happened to a signature request; `event_id` makes its repeats harmless.

    `recipient_id` names who viewed, signed or declined, who is to be reminded now, who has not received the letter,
    or in whose place `new_signer` signs from now on, of a reassignment only.
    A document is voided, and its expiry moved, by its sender: there it is absent, or names who asked for more time.
    `expires_at`: the new expiry, of an extension only. `sha256`: the document's version as of this event, stored
    before it is told; that of the signature which completes the request is what everybody's letter comes with.
    """

    event_id: PersonId
    document_id: DocumentId
    event: Event
    occurred_at: Moment
    recipient_id: PersonId | None = None
    expires_at: Moment | None = None
    sha256: Sha256 | None = None
    new_signer: Person | None = None

    def __post_init__(self) -> None:
        if self.event is not Event.EXTENDED and (self.recipient_id is None) != (self.event is Event.VOIDED):
            raise ValueError("voided names no recipient_id, extended may, and all other events do")
        if (self.expires_at is None) == (self.event is Event.EXTENDED):
            raise ValueError("extended says the new expires_at; no other event does")
        if (self.new_signer is None) == (self.event is Event.REASSIGNED):
            raise ValueError("reassigned says the new_signer; no other event does")

    @property
    def key(self) -> Key:
        """An event is recorded once."""
        return Key(self.document_id, self.event_id)


class ExpireRequest(Job, kind="requests.expire", queue=Queue.REQUESTS):
    """Look, when a request's time is over, whether it is; and if it is, say so to its people."""

    document_id: DocumentId
    expires_at: Moment

    @property
    def key(self) -> Key:
        """One look for each expiry that a request had."""
        return Key(self.document_id, int(self.expires_at.timestamp()))
