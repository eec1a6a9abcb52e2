"""One thing that happened, and the bytes that stand for it in the ledger for ever.

The body holds no sequence number: where an entry stands is the log's business, as a leaf of a Merkle tree does not
hold its index. So the body of an entry is known before its place is.
"""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from buffrsign.core.canonical_json import canonical_bytes
from buffrsign.core.errors import Permanent
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.fields import Fact, Moment


class EntryRefused(Permanent):
    """The event cannot be written down."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened (`action`), when, to which document, by whom; `recorded_at` is the ledger's own clock.

    Moments are exact to the millisecond. `v` is the version of this form.
    """

    entry_id: str
    action: str
    occurred_at: Moment
    recorded_at: Moment
    document_id: str | None
    actor: str | None
    details: dict[str, Fact]
    v: Literal[1] = 1

    def is_about_the_same_as(self, other: "Entry") -> bool:
        """Whether both tell of one event: repeats of a job may differ in their times and details."""
        return (self.entry_id, self.action, self.document_id) == (other.entry_id, other.action, other.document_id)


def entry_of(job: RecordEvent, *, recorded_at: datetime) -> Entry:
    """The entry that the job asks for."""
    return Entry(
        entry_id=job.entry_id,
        action=job.action,
        occurred_at=job.occurred_at,
        recorded_at=recorded_at,
        document_id=job.document_id,
        actor=job.actor,
        details=job.details,
    )


def body_of(entry: Entry) -> bytes:
    """The entry as canonical JSON, every field present, moments as RFC 3339 in UTC with milliseconds.

    Raises:
        EntryRefused: a moment lies outside the years 1 to 9999 once it is in UTC.
        NotCanonical: a detail has no canonical JSON, for example half of a surrogate pair.
    """
    moments = {"occurred_at": _rfc3339(entry.occurred_at), "recorded_at": _rfc3339(entry.recorded_at)}
    return canonical_bytes(msgspec.structs.asdict(entry) | moments)


def entry_in(body: bytes) -> Entry:
    """The entry that a body holds.

    Raises:
        ValueError: it holds none.
    """
    try:
        return msgspec.json.decode(body, type=Entry)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no entry: {error}") from error


def _rfc3339(moment: datetime) -> str:
    try:
        in_utc = moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise EntryRefused("a moment lies outside the years 1 to 9999; send a real one") from error
    return in_utc.isoformat(timespec="milliseconds") + "Z"
