"""Jobs that open signature requests and record what their signers did."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from buffrsign.jobs.fields import (
    DocumentId,
    EmailAddress,
    Line,
    Locale,
    Message,
    Moment,
    PersonId,
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


class Signer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person whose signature is asked for. Signers of one `order` are asked together, the next order after them.

    `time_zone` is kept with the request; letters say times in Namibian time.
    """

    recipient_id: PersonId
    email: EmailAddress
    name: Line = ""
    locale: Locale = "en"
    time_zone: TimeZone = "Africa/Windhoek"
    order: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class ReminderPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a signer who was asked is reminded: first after a while, then at intervals, at most so often."""

    first_after: timedelta = timedelta(days=5)
    every: timedelta = timedelta(days=2)
    at_most: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5

    def __post_init__(self) -> None:
        if not all(SHORTEST_PAUSE <= pause <= LONGEST_PAUSE for pause in (self.first_after, self.every)):
            raise ValueError("reminders are between one second and 366 days apart")


class OpenRequest(Job, kind="requests.open", queue=Queue.REQUESTS):
    """Ask several people to sign one document: one enqueue yields the letters and the reminders."""

    document_id: DocumentId
    document_title: Title
    sender: Sender
    signers: Annotated[tuple[Signer, ...], msgspec.Meta(min_length=1, max_length=200)]
    message: Message = ""
    expires_at: Moment | None = None
    reminders: ReminderPolicy = ReminderPolicy()

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


class SignerEvent(Job, kind="requests.signer_event", queue=Queue.REQUESTS):
    """One thing that happened to a signature request; `event_id` makes its repeats harmless.

    `recipient_id` names who viewed, signed or declined; a document is voided by its sender, so there it is absent.
    """

    event_id: PersonId
    document_id: DocumentId
    event: Event
    occurred_at: Moment
    recipient_id: PersonId | None = None

    def __post_init__(self) -> None:
        if (self.recipient_id is None) != (self.event is Event.VOIDED):
            raise ValueError("viewed, signed and declined name a recipient_id; voided does not")

    @property
    def key(self) -> Key:
        """An event is recorded once."""
        return Key(self.document_id, self.event_id)
