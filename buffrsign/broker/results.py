"""Waiting for what a task returned: it is part of the job's record, written in the same step as `done`."""

import time
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.records import State, read_status
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from redis import Redis

POLL_S = 0.02


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
        if status.state is State.DONE:
            answer: Any = client.hget(keys.record(job_id), "result")
            return msgspec.json.decode(answer, type=dict[str, Any])
        if status.state.is_final:
            raise JobFailed(job_id, status.state, status.error or "it was taken back before it started")
        if time.monotonic() >= deadline:
            raise TimeoutError(f"job {job_id} is still {status.state.value} after {timeout_s} s")
        time.sleep(POLL_S)
