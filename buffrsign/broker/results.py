"""Waiting for what a task returned. Celery's result backend stores it; this reads it without a Celery application.

Source: Celery 5.7, `backends/base.py` and `backends/redis.py`: JSON under `celery-task-meta-<id>`.
"""

import time
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker.records import State, read_status
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from redis import Redis

POLL_S = 0.02
_RESULT_PREFIX = "celery-task-meta-"


class ResultNotKept(Permanent):
    """Nobody asked to keep this job's result, or it is no longer kept."""


class JobFailed(Permanent):
    """The job ended without a result."""

    def __init__(self, job_id: str, state: State, error: str) -> None:
        super().__init__(f"job {job_id} is {state.value}: {error}")
        self.job_id = job_id
        self.state = state
        self.error = error


def await_result(client: "Redis", job_id: str, *, timeout_s: float) -> dict[str, Any]:
    """What the task returned, as soon as the job is done. See `Producer.result` for the errors."""
    deadline = time.monotonic() + timeout_s
    while True:
        status = read_status(client, job_id)
        if status is None or not status.keeps_result:
            raise ResultNotKept(f"no result of job {job_id} is kept; enqueue it with keep_result=True")
        if status.state in (State.DEAD, State.CANCELLED):
            raise JobFailed(job_id, status.state, status.error or "it was taken back before it started")
        if status.state is State.DONE and (stored := _stored(client, job_id)) is not None:
            return stored
        if time.monotonic() >= deadline:
            raise TimeoutError(f"job {job_id} is still {status.state.value} after {timeout_s} s")
        time.sleep(POLL_S)


def _stored(client: "Redis", job_id: str) -> dict[str, Any] | None:
    answer: Any = client.get(_RESULT_PREFIX + job_id)
    if answer is None:
        return None
    result: dict[str, Any] = msgspec.json.decode(answer)["result"]
    return result
