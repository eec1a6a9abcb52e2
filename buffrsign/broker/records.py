"""One record per job, from its enqueue until a day after its end: what people and callers may know of it.

It holds times, counts and one line on how the job ended; never its payload, but for the message of a scheduled job.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
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
    answer = client.hgetall(keys.record(job_id))
    assert isinstance(answer, dict)  # noqa: S101 - narrows redis-py's "sync or async" type
    return status_of(job_id, answer)


def status_of(job_id: str, record: Mapping[Any, Any]) -> JobStatus | None:
    """The status that a record tells, or None when it tells none."""
    fields = {_text(name): _text(value) for name, value in record.items()}
    return _status(job_id, fields) if "state" in fields else None


def read_statuses(client: "Redis", job_ids: Sequence[str]) -> list[JobStatus | None]:
    """As `read_status`, for each of these, in one round trip."""
    with client.pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.hmget(keys.record(job_id), _SHOWN)
        answers: list[list[bytes | None]] = pipe.execute()
    statuses: list[JobStatus | None] = []
    for job_id, values in zip(job_ids, answers, strict=True):
        fields = {name: value.decode() for name, value in zip(_SHOWN, values, strict=True) if value is not None}
        statuses.append(_status(job_id, fields) if "state" in fields else None)
    return statuses


def scan_statuses(client: "Redis") -> list[JobStatus]:
    """Every job that is remembered, in the order of their enqueueing. Walks all keys: for small brokers only."""
    ids = [_text(key).removeprefix(keys.RECORD_PREFIX) for key in client.scan_iter(match=f"{keys.RECORD_PREFIX}*")]
    statuses = [status for job_id in ids if (status := read_status(client, job_id))]
    return sorted(statuses, key=lambda status: (status.enqueued_at, status.job_id))


_SHOWN = (
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
