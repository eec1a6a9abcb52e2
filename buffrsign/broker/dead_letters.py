"""Dead letters: jobs that will not run again by themselves, kept with their reason until a person decides.

    letters = DeadLetters(connect(url))
    letters.requeue(Which(reason=Reason.ATTEMPTS), dry_run=True)  # what would go back, and what would not, and why
    letters.discard(["01JD…"])

A letter that is requeued runs again under its id, as if it had never been tried; one that is discarded is gone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.rewriting import NotAMessage, as_new
from buffrsign.broker.scripts import script
from buffrsign.core.clock import from_epoch_ms, to_epoch_ms
from buffrsign.jobs import Queue

if TYPE_CHECKING:
    from redis import Redis

_T = TypeVar("_T")

BATCH = 100
"""How many letters are decided in one step: a few ms of Redis's time."""


class Reason(StrEnum):
    """Why a job died."""

    REFUSED = "payload_refused"
    UNREADABLE = "message_unreadable"
    UNKNOWN_TASK = "task_unknown"
    PERMANENT = "permanent_error"
    UNCERTAIN = "uncertain"
    ATTEMPTS = "attempts_exhausted"
    KILLER = "killed_its_worker"
    REJECTED = "rejected_by_its_task"
    PAYLOAD_UNREADABLE = "payload_unreadable"
    NOT_ENCRYPTED = "payload_not_encrypted"


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


@dataclass(frozen=True)
class Which:
    """Which dead letters are meant: those that fit all that is given, and all of them where nothing is.

    `after` and `before` are about the time of death: from the one, inclusive, until the other, exclusive.
    """

    kind: str = ""
    queue: str = ""
    reason: Reason | None = None
    after: datetime | None = None
    before: datetime | None = None

    def fits(self, letter: DeadLetter) -> bool:
        """Whether this letter is meant, its time of death aside."""
        return (
            self.kind in ("", letter.kind) and self.queue in ("", letter.queue) and self.reason in (None, letter.reason)
        )


@dataclass
class Decided:
    """What became of the letters that were meant: `job_ids` are those it was done to; of the others, why it was not."""

    job_ids: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


class DeadLetters:
    """The dead letters of one broker."""

    def __init__(self, client: "Redis") -> None:
        self._client = client
        self._requeue = script(client, "requeue_dead")
        self._discard = script(client, "discard_dead")

    def count(self) -> int:
        """How many there are."""
        count: Any = self._client.zcard(keys.DEAD_LETTERS)
        return int(count)

    def newest(self, *, at_most: int = 100) -> list[DeadLetter]:
        """The latest ones first."""
        return list(self.select(at_most=at_most))

    def select(self, which: Which = Which(), *, at_most: int | None = None) -> Iterator[DeadLetter]:
        """Those that are meant, the latest first. What dies meanwhile is not among them."""
        left = at_most
        for letter in self._read(reversed(self._ids(which))):
            if left is not None and left < 1:
                return
            if which.fits(letter):
                yield letter
                left = None if left is None else left - 1

    def find(self, job_id: str) -> DeadLetter | None:
        """The dead letter of this job, or None."""
        return next(self._read([job_id]), None)

    def requeue(self, which: Sequence[str] | Which, *, dry_run: bool = False) -> Decided:
        """Send letters back to their queues, the longest dead first, with all their attempts and no end of their time.

        Refused are a letter that holds no message that a worker could run, one whose id or key another job has taken
        since, and an id of no dead letter. `dry_run` changes nothing and says the same, but that it takes each letter
        for itself, where two have one key.
        """
        decided = Decided()
        for letters in self._meant(which, decided):
            arguments: list[Any] = []
            for letter in letters:
                try:
                    arguments += [letter.job_id, to_epoch_ms(letter.died_at), _message_again(letter)]
                except NotAMessage as error:
                    decided.refused[letter.job_id] = f"it cannot run again: {error}"
            _note(decided, arguments[::3], self._requeue(args=["1" if dry_run else "0", *arguments]))
        return decided

    def discard(self, which: Sequence[str] | Which, *, dry_run: bool = False) -> Decided:
        """Throw letters away for good. `dry_run` changes nothing and says the same."""
        decided = Decided()
        for letters in self._meant(which, decided):
            arguments: list[Any] = []
            for letter in letters:
                arguments += [letter.job_id, to_epoch_ms(letter.died_at)]
            _note(decided, arguments[::2], self._discard(args=["1" if dry_run else "0", *arguments]))
        return decided

    def _meant(self, which: Sequence[str] | Which, decided: Decided) -> Iterator[list[DeadLetter]]:
        """Those that are meant, in batches, the longest dead first; what is none is noted."""
        if isinstance(which, Which):
            found = (letter for letter in self._read(self._ids(which)) if which.fits(letter))
            yield from _batches(found)
            return
        for job_ids in _batches(dict.fromkeys(which)):
            letters = list(self._read(job_ids))
            known = {letter.job_id for letter in letters}
            decided.refused.update({job_id: _NOT_DEAD for job_id in job_ids if job_id not in known})
            yield letters

    def _ids(self, which: Which) -> list[str]:
        """The ids of the letters of this time, the longest dead first."""
        after = "-inf" if which.after is None else to_epoch_ms(which.after)
        before = "+inf" if which.before is None else f"({to_epoch_ms(which.before)}"
        ids: Any = self._client.zrange(keys.DEAD_LETTERS, after, before, byscore=True)
        return [job_id.decode() for job_id in ids]

    def _read(self, job_ids: Iterable[str]) -> Iterator[DeadLetter]:
        """The letters of these jobs, a batch in one round trip; what is none is left out."""
        for some in _batches(job_ids):
            with self._client.pipeline(transaction=False) as pipe:
                for job_id in some:
                    pipe.hgetall(keys.dead_letter(job_id))
                answers = pipe.execute()
            yield from (_letter(job_id, answer) for job_id, answer in zip(some, answers, strict=True) if answer)


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some


_NOT_DEAD = "no dead letter has this id"
_WHY: dict[str, Callable[[str], str]] = {
    "gone": lambda _detail: "it is no dead letter any more",
    "alive": lambda state: f"a job with its id was accepted since, and is {state}",
    "duplicate": lambda job_id: f"job {job_id} has its key now",
}


def _note(decided: Decided, job_ids: Sequence[str], answers: Any) -> None:
    for job_id, (outcome, detail) in zip(job_ids, answers, strict=True):
        if why := _WHY.get(outcome.decode()):
            decided.refused[job_id] = why(detail.decode())
        else:
            decided.job_ids.append(job_id)


def _message_again(letter: DeadLetter) -> bytes:
    if letter.reason is Reason.UNREADABLE:
        raise NotAMessage("its message could not be read")
    if not letter.message:
        raise NotAMessage("its message was not kept")
    if letter.queue not in set(Queue):
        raise NotAMessage(f"there is no queue {letter.queue!r}")
    return as_new(letter.message, job_id=letter.job_id)


def _letter(job_id: str, answer: dict[bytes, bytes]) -> DeadLetter:
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
