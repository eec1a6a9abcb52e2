"""Waiting for what a task returned: it is part of the job's record, written in the same step as `done`."""

import time
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.records import State, read_fields
from buffrsign.broker.scripts import script
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis
    from redis.client import PubSub

LOOK_S = 1.0
"""Who waits is woken by a message; and looks by himself this often, for a message may get lost."""


class ResultNotKept(Permanent):
    """Nobody asked to keep this job's result, or it is no longer kept."""


class JobFailed(Permanent):
    """The job ended without a result."""

    def __init__(self, job_id: str, state: State | str, error: str) -> None:
        super().__init__(job_id, state, error)
        self.job_id = job_id
        self.state = State(state)
        self.error = error

    def __str__(self) -> str:
        return f"job {self.job_id} is {self.state.value}: {self.error}"


def celery_backend(url: str) -> str:
    """The `result_backend` of a Celery application that shares the broker at this URL."""
    backend = "SentinelRecordBackend" if url.startswith("sentinel://") else "RecordBackend"
    return f"buffrsign.broker.result_backend:{backend}+{url}"


def await_result(client: "Redis", job_id: str, *, timeout_s: float) -> dict[str, Any]:
    """What the task returned, as soon as the job is done. See `Producer.result` for the errors.

    Costs one command if it has ended; else one connection for as long as it takes, and a command a second.
    """
    deadline = time.monotonic() + timeout_s
    state, result = _look(client, job_id)
    if result is None and timeout_s > 0:
        messages: PubSub = client.pubsub()  # type: ignore[no-untyped-call]
        with messages:
            messages.subscribe(keys.result_channel(job_id))
            # The first message says that we are heard from now on, so what comes after the look below is not missed.
            while result is None and (left_s := deadline - time.monotonic()) > 0:
                messages.get_message(timeout=min(left_s, LOOK_S))
                state, result = _look(client, job_id)
    if result is None:
        raise TimeoutError(f"job {job_id} is still {state} after {timeout_s} s")
    return result


async def await_result_async(client: "AsyncRedis", job_id: str, *, timeout_s: float) -> dict[str, Any]:
    """As `await_result`, for asyncio."""
    deadline = time.monotonic() + timeout_s
    state, result = await _look_async(client, job_id)
    if result is None and timeout_s > 0:
        messages = client.pubsub()
        async with messages:
            await messages.subscribe(keys.result_channel(job_id))
            while result is None and (left_s := deadline - time.monotonic()) > 0:
                await messages.get_message(timeout=min(left_s, LOOK_S))
                state, result = await _look_async(client, job_id)
    if result is None:
        raise TimeoutError(f"job {job_id} is still {state} after {timeout_s} s")
    return result


def why_without_result(state: State, error: str | None) -> str:
    """Why a job that ended has no result, in a sentence."""
    if state is State.CANCELLED:
        return error or "it was taken back before it started"
    return error or "its record does not say why"


_LOOKED_AT = ["state", "keeps_result", "result", "error"]


def _look(client: "Redis", job_id: str) -> tuple[str, dict[str, Any] | None]:
    """Where the job is, and its result once it is done."""
    [fields] = read_fields(client, [job_id], _LOOKED_AT)
    return _read_look(job_id, fields)


async def _look_async(client: "AsyncRedis", job_id: str) -> tuple[str, dict[str, Any] | None]:
    read: Any = script(client, "read_records")
    [fields] = await read(args=[len(_LOOKED_AT), *_LOOKED_AT, job_id])
    return _read_look(job_id, fields)


def _read_look(job_id: str, fields: Any) -> tuple[str, dict[str, Any] | None]:
    state, keeps_result, result, error = fields
    if state is None or keeps_result != b"1":
        raise ResultNotKept(f"no result of job {job_id} is kept; enqueue it with keep_result=True")
    now = State(state.decode())
    if now is State.DONE and result is not None:
        return now.value, msgspec.json.decode(result, type=dict[str, Any])
    if now is State.DONE:
        raise ResultNotKept(f"the result of job {job_id} was forgotten")
    if now.is_final:
        raise JobFailed(job_id, now, why_without_result(now, error and error.decode()))
    return now.value, None
