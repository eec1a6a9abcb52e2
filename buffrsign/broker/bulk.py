"""A bulk of jobs on its way into the broker: in chunks, each of which is accepted whole or not at all.

No connection is in here: whoever has one sends each chunk, and tells what came back.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from buffrsign.broker.unavailable import BrokerUnavailable
from buffrsign.jobs import Queue

CHUNK_JOBS = 256
"""About 1.5 ms of Redis's time."""

CHUNK_BYTES = 1 << 20
"""A chunk is also full when its payloads have so many bytes; it holds one job at least."""


class Answer(StrEnum):
    """What the broker said of one job of a bulk."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Enqueued:
    """What became of a bulk. `answers` are in the order of its jobs, and so are `job_ids`.

    The id in `job_ids` is that of the job that stands: for a duplicate by its key, an older one's. A job is `unknown`
    when no answer came for it: it may have been accepted or not, and enqueueing it again, as the same job, is safe.
    """

    job_ids: Sequence[str]
    answers: Sequence[Answer]

    def __len__(self) -> int:
        return len(self.answers)

    @cached_property
    def created(self) -> list[str]:
        """The ids of the jobs that were accepted."""
        return self._ids(Answer.CREATED)

    @cached_property
    def duplicate(self) -> list[str]:
        """The ids of the jobs that stood already, and stand in place of those that were enqueued."""
        return self._ids(Answer.DUPLICATE)

    @cached_property
    def unknown(self) -> list[str]:
        """The ids of the jobs that may have been accepted or not."""
        return self._ids(Answer.UNKNOWN)

    def _ids(self, wanted: Answer) -> list[str]:
        return [job_id for job_id, answer in zip(self.job_ids, self.answers, strict=True) if answer is wanted]


class BulkInterrupted(BrokerUnavailable):
    """The broker took a part of a bulk, or nobody knows which. `enqueued` says what became of each job.

    Enqueueing the whole bulk again, with the same jobs, is safe: what was accepted is a duplicate then.
    """

    def __init__(self, enqueued: Enqueued, why: str) -> None:
        super().__init__(enqueued, why)
        self.enqueued = enqueued
        self.why = why

    def __str__(self) -> str:
        known = len(self.enqueued) - len(self.enqueued.unknown)
        return (
            f"{known:,} of {len(self.enqueued):,} jobs are known to be accepted; enqueue all of them again, which is "
            f"safe: {self.why}"
        )


Line = tuple[Queue, str, str, bytes, str]
"""What travels of one job: its queue, id, kind, payload, and its key's hash. A plain tuple is cheap to collect."""


@dataclass(frozen=True)
class Chunk:
    """Jobs that go into one queue by one call of the script, and their positions in the bulk."""

    queue: str
    job_ids: Sequence[str]
    kinds: Sequence[str]
    payloads: Sequence[bytes]
    key_hashes: Sequence[str]
    positions: Sequence[int]


class Bulk:
    """The jobs of one call, in their order, and what is known of each."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._ids = [line[1] for line in lines]
        self._answers = [Answer.UNKNOWN] * len(lines)
        self.is_keyed = any(line[4] for line in lines)

    def chunks(self) -> Iterator[Chunk]:
        """The bulk in pieces, one queue after the other. Within a queue, jobs keep their order."""
        places: defaultdict[Queue, array[int]] = defaultdict(lambda: array("L"))
        for position, line in enumerate(self._lines):
            places[line[0]].append(position)
        for queue, positions in places.items():
            begin = size = 0
            for at, position in enumerate(positions):
                payload_size = len(self._lines[position][3])
                if at - begin == CHUNK_JOBS or (size and size + payload_size > CHUNK_BYTES):
                    yield self._chunk(queue, positions[begin:at])
                    begin, size = at, 0
                size += payload_size
            yield self._chunk(queue, positions[begin:])

    def _chunk(self, queue: Queue, positions: Sequence[int]) -> Chunk:
        lines = (self._lines[position] for position in positions)
        _queues, job_ids, kinds, payloads, key_hashes = zip(*lines, strict=True)
        return Chunk(queue.value, job_ids, kinds, payloads, key_hashes, positions)

    def note(self, chunk: Chunk, reply: Sequence[Any]) -> bool:
        """Note what the script answered for this chunk; False where it accepted none of it."""
        if reply[0] != b"accepted":
            return False
        standing = iter(reply[2:])
        for position, is_new in zip(chunk.positions, reply[1], strict=True):
            if is_new == _NEW:
                self._answers[position] = Answer.CREATED
            else:
                self._answers[position] = Answer.DUPLICATE
                self._ids[position] = next(standing).decode()
        return True

    @property
    def enqueued(self) -> Enqueued:
        """What is known now."""
        return Enqueued(tuple(self._ids), tuple(self._answers))


_NEW = ord("1")
