"""A job's record in the words of Celery's results: what `AsyncResult`, groups, chords and Flower read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from buffrsign.broker.records import State
from buffrsign.broker.results import JobFailed, why_without_result
from buffrsign.core.clock import from_epoch_ms
from buffrsign.jobs import CONTRACTS

Meta = dict[str, Any]
Fields = Mapping[str, Any]

FIELDS = (
    *("state", "kind", "queue", "worker", "ended_at", "starts", "failures", "postponed"),
    *("error", "result", "meta", "meta_status"),
)
"""What is read of a record, in this order."""

_ENCODED = {"result", "meta"}

ONLY_CELERY_KNOWS = ("children", "parent_id", "group_id")
"""The part of a meta that no record has."""

_STATUS = {
    "scheduled": "PENDING",
    "ready": "PENDING",
    "running": "STARTED",
    "retrying": "RETRY",
    "done": "SUCCESS",
    "dead": "FAILURE",
    "cancelled": "REVOKED",
}


def fields_of(answers: Sequence[Any]) -> Fields:
    """What was read, by name: text, but for what is encoded."""
    return {
        name: answer.decode() if isinstance(answer, bytes) and name not in _ENCODED else answer
        for name, answer in zip(FIELDS, answers, strict=True)
    }


def speaks_for_itself(fields: Fields) -> bool:
    """Whether a task of ours has begun this job, which says in the record how it ends."""
    return fields["kind"] in CONTRACTS and fields["starts"] is not None


def has_ended(fields: Fields) -> bool:
    """Whether the record says that nothing more will happen."""
    return fields["state"] in {state.value for state in State if state.is_final}


def status_of(fields: Fields) -> str | None:
    """Celery's word for the record's state."""
    return _STATUS.get(fields["state"])


def meta_of(job_id: str, fields: Fields) -> Meta | None:
    """Celery's meta of a job, from its record alone; None while it waits, or when the record does not know it.

    None, too, of one that is done without a result here: it was ignored or forgotten, or Celery brings it in a moment.
    """
    status = status_of(fields)
    if status is None or status == "PENDING":
        return None
    if status == "SUCCESS" and (fields["result"] is None or fields["kind"] not in CONTRACTS):
        return None
    return {
        "task_id": job_id,
        "status": status,
        "result": _result(job_id, status, fields),
        "traceback": None,
        "children": [],
        "date_done": None if fields["ended_at"] is None else from_epoch_ms(int(fields["ended_at"])).isoformat(),
        "name": fields["kind"],
        "queue": fields["queue"],
        "worker": fields["worker"],
        "retries": int(fields["failures"] or 0) + int(fields["postponed"] or 0),
    }


def _result(job_id: str, status: str, fields: Fields) -> Any:
    """What the task returned, or an exception as Celery writes it in JSON."""
    match status:
        case "SUCCESS":
            return msgspec.json.decode(fields["result"])
        case "STARTED":
            return {"hostname": fields["worker"]}
        case "RETRY":
            return _exception("celery.exceptions", "Retry", fields["error"])
    why = why_without_result(State(fields["state"]), fields["error"])
    if status == "REVOKED":
        return _exception("celery.exceptions", "TaskRevokedError", f"job {job_id} is cancelled: {why}")
    return _exception(JobFailed.__module__, JobFailed.__name__, job_id, fields["state"], why)


def _exception(module: str, name: str, *arguments: str | None) -> dict[str, Any]:
    return {"exc_module": module, "exc_type": name, "exc_message": list(arguments)}
