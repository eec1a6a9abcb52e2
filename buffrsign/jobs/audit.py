"""Jobs that write the audit ledger."""

import hashlib
from typing import Annotated

import msgspec

from buffrsign.core.ids import new_ulid
from buffrsign.jobs.fields import DocumentId, Fact, Line, Moment, PersonId, like
from buffrsign.jobs.job import Job, Key
from buffrsign.jobs.queues import Queue

Action = Annotated[
    str, like(r"\A[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z", "a dotted name such as document.inspected", at_most=80)
]
EntryId = Annotated[
    str, like(r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,159}\Z", "an id of 1 to 160 letters, digits and _ . : -")
]


class RecordEvent(Job, kind="audit.record_event", queue=Queue.AUDIT):
    """Append one entry to the ledger; the same `entry_id` is appended once."""

    action: Action
    occurred_at: Moment
    entry_id: EntryId = msgspec.field(default_factory=new_ulid)
    document_id: DocumentId | None = None
    actor: PersonId | None = None
    details: dict[Line, Fact] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> Key:
        """An entry is recorded once."""
        return Key(self.entry_id)


def entry_id(action: str, *subject: str | int) -> str:
    """The id of an entry that is made from what happened, not from who reports it: a second report adds no entry."""
    parts = "\0".join(map(str, subject))
    return f"{action}:{hashlib.sha256(parts.encode()).hexdigest()}"
