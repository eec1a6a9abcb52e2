"""What a producer says to the broker to have jobs accepted, and what the answers mean.

No connection is in here: `Producer` and `AsyncProducer` share it.
"""

import base64
import hashlib
import hmac
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.bulk import Bulk, BulkInterrupted, Chunk, Enqueued, Line
from buffrsign.broker.connection import is_on_loopback
from buffrsign.broker.envelope import Place, first_messages, sealed_body
from buffrsign.broker.terms import EnqueueRefused, QueueFull, Terms
from buffrsign.broker.unavailable import unavailable
from buffrsign.core.errors import BuffrSignError, Permanent
from buffrsign.crypto import Cipher, refusal_of_plain
from buffrsign.jobs import Job, encode, write

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_READY = 1_000_000
DEVELOPMENT_KEY_SECRET = "buffrsign-development"  # noqa: S105 - only ever used on loopback
_KEYED_OTHERWISE = (
    "this producer's key secret is not the one that this broker's jobs were keyed with; "
    "give all producers the same BUFFRSIGN_JOB_KEY_SECRET"
)


class BulkRefused(EnqueueRefused):
    """A job of a bulk is not acceptable; nothing was published. `position` counts the jobs from 0."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(position, reason)
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        return f"nothing of the bulk was published, because of its job at position {self.position:,}: {self.reason}"


class KeySecretRefused(EnqueueRefused):
    """The broker's keyed jobs were hashed with another secret; nothing was published. No job is at fault."""


class Accepted(NamedTuple):
    """The job that stands now, by its id, and whether it did before."""

    job_id: str
    duplicate: bool


class Enqueueing:
    """One producer's way of enqueueing: its key secret, its cipher, and how many jobs may be ready."""

    def __init__(
        self, url: str, *, key_secret: str | None, cipher: Cipher | None, allow_plain_payloads: bool, max_ready: int
    ) -> None:
        """Raises EnqueueRefused if there is no key secret, or no cipher, and the broker is not on loopback."""
        if not key_secret and not is_on_loopback(url):
            raise EnqueueRefused(
                "a broker that is not on loopback needs key_secret=, the same for all its producers "
                "(BUFFRSIGN_JOB_KEY_SECRET)"
            )
        if why := refusal_of_plain(is_on_loopback=is_on_loopback(url), cipher=cipher, allowed=allow_plain_payloads):
            raise EnqueueRefused(why)
        self._cipher = cipher
        self._secret = (key_secret or DEVELOPMENT_KEY_SECRET).encode()
        self._fingerprint = hashlib.sha256(b"fingerprint\0" + self._secret).hexdigest()[:16]
        self._max_ready = max_ready

    def one(self, job: Job, terms: Terms) -> Sequence[str | bytes | int]:
        """The arguments of `publish` for one job.

        Raises:
            PayloadRefused, EnqueueRefused: see `Producer.enqueue`.
        """
        destination, job_id, kind, payload, key_hash = self._line(job)
        queue = destination.value
        [body] = self._bodies(queue, [(job_id, kind, payload)], terms)
        tick = terms.tick_of
        return (
            job_id,
            kind,
            queue,
            body,
            terms.delay_ms,
            terms.due_ms,
            key_hash,
            self._fingerprint,
            "1" if terms.keeps_result else "0",
            self._max_ready,
            terms.expires_ms,
            terms.missed,
            terms.series,
            terms.window_s,
            tick.schedule if tick else "",
            tick.timetable if tick else "",
            keys.ready_list(queue, terms.priority),
            terms.tenant,
            terms.limited_by,
            self._body_is(terms),
        )

    def read_one(self, job: Job, reply: Sequence[Any]) -> Accepted:
        """What `publish` answered for one job.

        Raises:
            QueueFull, EnqueueRefused: see `Producer.enqueue`.
        """
        match reply[0]:
            case b"created":
                return Accepted(job.job_id, duplicate=False)
            case b"duplicate":
                return Accepted(reply[1].decode(), duplicate=True)
        raise self.refusal(job.destination.value, reply)

    def many(self, jobs: Iterable[Job]) -> Bulk:
        """All of these, each of them acceptable. Costs 3 µs a job, and some 600 bytes.

        Raises:
            BulkRefused: one of them is not.
        """
        lines: list[Line] = []
        for job in jobs:
            try:
                lines.append(self._line(job))
            except Permanent as error:
                raise BulkRefused(len(lines), str(error)) from error
        return Bulk(lines)

    def chunk(self, bulk: Bulk, chunk: Chunk, terms: Terms) -> list[str | bytes | int]:
        """The arguments of `publish_many` for one chunk."""
        arguments: list[str | bytes | int] = [
            chunk.queue,
            terms.delay_ms,
            terms.due_ms,
            self._fingerprint if bulk.is_keyed else "",
            "1" if terms.keeps_result else "0",
            self._max_ready,
            terms.expires_ms,
            terms.missed,
            terms.series,
            terms.window_s,
            keys.ready_list(chunk.queue, terms.priority),
            terms.tenant,
            terms.limited_by,
            self._body_is(terms),
            "" if (is_mixed := len(set(chunk.kinds)) > 1) else chunk.kinds[0],
        ]
        columns: list[Iterable[str | bytes]] = [
            chunk.job_ids,
            self._bodies(chunk.queue, list(zip(chunk.job_ids, chunk.kinds, chunk.payloads, strict=True)), terms),
        ]
        if is_mixed:
            columns.append(chunk.kinds)
        if bulk.is_keyed:
            columns.append(chunk.key_hashes)
        arguments += chain.from_iterable(zip(*columns, strict=True))
        return arguments

    def refusal(self, queue: str, reply: Sequence[Any]) -> BuffrSignError:
        """Why the broker accepted nothing, as an error."""
        if reply[0] == b"full":
            return QueueFull(
                f"the queue {queue} has {reply[1]:,} ready jobs, and {self._max_ready:,} are allowed (max_ready=); "
                "try again when its workers have caught up"
            )
        return KeySecretRefused(_KEYED_OTHERWISE)

    def require_same_secret(self, fingerprint: bytes | None) -> None:
        """Raises EnqueueRefused if the broker's keyed jobs were hashed with another secret than ours."""
        if fingerprint is not None and fingerprint.decode() != self._fingerprint:
            raise KeySecretRefused(_KEYED_OTHERWISE)

    def _line(self, job: Job) -> Line:
        if not isinstance(job, Job):
            raise _no_job(job)
        seen, payload = write(job)  # as its worker will see it: a text became its enum
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise _too_large(job, len(payload))
        key = seen.key
        return seen.destination, seen.job_id, seen.kind, payload, "" if key is None else self._hash(seen.kind, key)

    def _body_is(self, terms: Terms) -> str:
        """What `_bodies` makes, in the words of the scripts."""
        return f"={self._cipher.key_id if self._cipher else ''}" if terms.may_wait else ""

    def _bodies(self, queue: str, jobs: Sequence[tuple[str, str, bytes]], terms: Terms) -> Iterable[bytes]:
        """What travels of jobs: their messages; of such as may have to wait, only what these are built of then."""
        cipher = self._cipher
        if not terms.may_wait:
            place = Place(terms.priority, terms.tenant, terms.limited_by)
            return first_messages(jobs, queue=queue, keeps_result=terms.keeps_result, place=place, cipher=cipher)
        if cipher is None:
            return [payload for _job_id, _kind, payload in jobs]
        return (sealed_body(job_id=job_id, kind=kind, payload=payload, cipher=cipher) for job_id, kind, payload in jobs)

    def _hash(self, kind: str, key: tuple[str | int, ...]) -> str:
        digest = hmac.digest(self._secret, msgspec.json.encode([kind, *key]), "sha256")
        # Not in hexadecimal: past 64 bytes, a field's value makes Redis keep the whole record in three times the
        # memory.
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Sending:
    """One bulk under way: what is to be sent next, and what came back."""

    def __init__(self, enqueueing: Enqueueing, jobs: Iterable[Job], terms: Terms) -> None:
        """Raises BulkRefused if one of the jobs is not acceptable."""
        self._enqueueing = enqueueing
        self._bulk = enqueueing.many(jobs)
        self._terms = terms
        self._unanswered: deque[Chunk] = deque()
        self._error: BuffrSignError | None = None

    def calls(self) -> Iterator[list[str | bytes | int]]:
        """The arguments of one call of `publish_many` after the other, until one is refused."""
        for chunk in self._bulk.chunks():
            if self._error:
                return
            self._unanswered.append(chunk)
            yield self._enqueueing.chunk(self._bulk, chunk, self._terms)

    def note(self, reply: Any) -> None:
        """Note the answer to the first unanswered call."""
        chunk = self._unanswered.popleft()
        if isinstance(reply, Exception):
            self.break_off(reply)
        elif not self._bulk.note(chunk, reply):
            self._error = self._error or self._enqueueing.refusal(chunk.queue, reply)

    def break_off(self, error: Exception) -> None:
        """Note that redis-py raised this."""
        self._error = self._error or unavailable(error)

    def outcome(self) -> Enqueued:
        """What became of the jobs.

        Raises:
            BulkInterrupted, QueueFull, EnqueueRefused: see `Producer.enqueue_many`.
        """
        enqueued = self._bulk.enqueued
        if self._error is None:
            return enqueued
        if isinstance(self._error, EnqueueRefused | QueueFull) and not enqueued.created and not self._unanswered:
            raise self._error
        raise BulkInterrupted(enqueued, str(self._error)) from self._error


def payload_of(job: Job) -> dict[str, Any]:
    """The payload of a job, small enough for a queue.

    Raises:
        PayloadRefused, EnqueueRefused: see `Producer.enqueue`.
    """
    if not isinstance(job, Job):
        raise _no_job(job)
    payload = encode(job)
    if (size := len(msgspec.json.encode(payload))) > MAX_PAYLOAD_BYTES:
        raise _too_large(job, size)
    return payload


def _no_job(job: object) -> EnqueueRefused:
    return EnqueueRefused(
        f"expected a job of buffrsign.jobs, got {type(job).__name__}; payloads of older services go to add_job"
    )


def _too_large(job: Job, size: int) -> EnqueueRefused:
    return EnqueueRefused(
        f"the payload of this {job.kind} has {size:,} bytes and {MAX_PAYLOAD_BYTES:,} are allowed; "
        "store what is large and enqueue its id"
    )
