"""One record per job, from its enqueue until a day after its end: what people and callers may know of it.

It holds times, counts and one line on how the job ended; never its payload, but while the job waits for its time. Until
the job first begins, the record is a compact one, which only scripts read: see `lua/shared/compact.lua`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.scripts import script
from buffrsign.core.clock import from_epoch_ms

if TYPE_CHECKING:
    from redis import Redis


class State(StrEnum):
    """Where a job is; it is in exactly one of them."""

    SCHEDULED = "scheduled"
    RETRYING = "retrying"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in (State.DONE, State.DEAD, State.CANCELLED)


class Progress(msgspec.Struct, frozen=True):
    """How far a running job is: `done` of `total` (if that is known), and one line for people."""

    done: int
    total: int | None = None
    note: str = ""


class JobStatus(msgspec.Struct, frozen=True):
    """What the record says of one job.

    `waited_ms` is from the moment it was due to its last start; `ran_ms` is its last run; `attempts` counts starts
    but for those that ended in "not yet"; `outcome` is the task's own line, `error` the last failure's; `progress` is
    what the task last reported; `crashes` are runs whose process never came back.
    """

    job_id: str
    kind: str
    queue: str
    state: State
    enqueued_at: datetime
    due_at: datetime
    attempts: int = 0
    waited_ms: int | None = None
    ran_ms: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker: str | None = None
    outcome: str | None = None
    error: str | None = None
    keeps_result: bool = False
    crashes: int = 0
    progress: Progress | None = None
    stop_asked: bool = False


def read_status(client: "Redis", job_id: str) -> JobStatus | None:
    """The status of a job, or None when it is unknown or was forgotten, a day after its end."""
    return read_statuses(client, [job_id])[0]


def read_statuses(client: "Redis", job_ids: Sequence[str]) -> list[JobStatus | None]:
    """As `read_status`, for each of these, in one round trip for each 500."""
    return [
        status_of(job_id, fields) for job_id, fields in zip(job_ids, read_fields(client, job_ids, SHOWN), strict=True)
    ]


def read_fields(client: "Redis", job_ids: Sequence[str], names: Sequence[str]) -> Iterator[list[bytes | None]]:
    """These fields of each of these records, as they are: one call of a script for each 500."""
    read = script(client, "read_records")
    for start in range(0, len(job_ids), _AT_ONCE):
        answers: Any = read(args=[len(names), *names, *job_ids[start : start + _AT_ONCE]])
        yield from answers


def status_of(job_id: str, shown: Sequence[bytes | None]) -> JobStatus | None:
    """The status that the fields `SHOWN` of a record tell, or None when they tell none."""
    fields = {name: value.decode() for name, value in zip(SHOWN, shown, strict=True) if value is not None}
    return _status(job_id, fields) if "state" in fields else None


def scan_statuses(client: "Redis") -> list[JobStatus]:
    """Every job that is remembered, in the order of their enqueueing. Walks all keys: for small brokers only."""
    ids = [_text(key).removeprefix(keys.RECORD_PREFIX) for key in client.scan_iter(match=f"{keys.RECORD_PREFIX}*")]
    statuses = [status for status in read_statuses(client, ids) if status]
    return sorted(statuses, key=lambda status: (status.enqueued_at, status.job_id))


_AT_ONCE = 500

SHOWN = (
    *("kind", "queue", "state", "enqueued_at", "ready_at", "started_at", "ended_at", "waited_ms", "ran_ms"),
    *("starts", "postponed", "worker", "outcome", "error", "keeps_result", "crashes", "progress", "cancel"),
)
"""All but what may be large: a scheduled job's message, and a result."""


def _status(job_id: str, fields: Mapping[str, str]) -> JobStatus:
    enqueued_at = from_epoch_ms(int(fields["enqueued_at"]))
    return JobStatus(
        job_id=job_id,
        kind=fields["kind"],
        queue=fields["queue"],
        state=State(fields["state"]),
        enqueued_at=enqueued_at,
        due_at=_moment(fields, "ready_at") or enqueued_at,
        attempts=int(fields.get("starts", 0)) - int(fields.get("postponed", 0)),
        waited_ms=_number(fields, "waited_ms"),
        ran_ms=_number(fields, "ran_ms"),
        started_at=_moment(fields, "started_at"),
        ended_at=_moment(fields, "ended_at"),
        worker=fields.get("worker"),
        outcome=fields.get("outcome"),
        error=fields.get("error"),
        keeps_result=fields.get("keeps_result") == "1",
        crashes=int(fields.get("crashes", 0)),
        progress=msgspec.json.decode(fields["progress"], type=Progress) if "progress" in fields else None,
        stop_asked=fields.get("cancel") == "1",
    )


def _number(fields: Mapping[str, str], name: str) -> int | None:
    return int(fields[name]) if name in fields else None


def _moment(fields: Mapping[str, str], name: str) -> datetime | None:
    return from_epoch_ms(int(fields[name])) if name in fields else None


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
