"""Dead letters: jobs that will not run again by themselves, kept with their reason until a person decides."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.core.clock import from_epoch_ms

if TYPE_CHECKING:
    from redis import Redis


class Reason(StrEnum):
    """Why a job died."""

    REFUSED = "payload_refused"
    UNREADABLE = "message_unreadable"
    UNKNOWN_TASK = "task_unknown"
    PERMANENT = "permanent_error"
    ATTEMPTS = "attempts_exhausted"
    KILLER = "killed_its_worker"
    REJECTED = "rejected_by_its_task"


class DeadLetter(msgspec.Struct, frozen=True):
    """One dead letter. `message` is another try's, its payload included; empty if that was nested too deeply."""

    job_id: str
    kind: str
    queue: str
    reason: Reason
    error: str
    worker: str
    attempts: int
    died_at: datetime
    message: bytes


class DeadLetters:
    """The dead letters of one broker."""

    def __init__(self, client: "Redis") -> None:
        self._client = client

    def count(self) -> int:
        """How many there are."""
        count: Any = self._client.zcard(keys.DEAD_LETTERS)
        return int(count)

    def newest(self, *, at_most: int = 100) -> list[DeadLetter]:
        """The latest ones first. Costs one command for each."""
        if at_most < 1:
            return []  # Redis takes a negative end for "all"
        ids: Any = self._client.zrange(keys.DEAD_LETTERS, 0, at_most - 1, desc=True)
        return [letter for job_id in ids if (letter := self.find(job_id.decode()))]

    def find(self, job_id: str) -> DeadLetter | None:
        """The dead letter of this job, or None."""
        answer: Any = self._client.hgetall(keys.dead_letter(job_id))
        if not answer:
            return None
        text = {name.decode(): value.decode() for name, value in answer.items() if name != b"message"}
        return DeadLetter(
            job_id=job_id,
            kind=text["kind"],
            queue=text["queue"],
            reason=Reason(text["reason"]),
            error=text["error"],
            worker=text["worker"],
            attempts=int(text["attempts"]),
            died_at=from_epoch_ms(int(text["died_at"])),
            message=answer[b"message"],
        )
