"""Which jobs there are, and how many: from the lists and sorted sets that hold them, never by walking all keys.

A job that goes back while somebody lists, as to its next try, may be missed; under kombu's own transport, so is what
workers hold. What ended is listed for a day, the newest `ENDED_LISTED`; `dead_letters.py` lists what died for longer.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.pausing import paused_since
from buffrsign.broker.records import JobStatus, State, read_statuses
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue

if TYPE_CHECKING:
    from redis import Redis

PAGE = 200
"""How many are looked at in one round trip."""


class QueueCounts(msgspec.Struct, frozen=True):
    """One queue. `ready` are in its lists, `backlog` wait for their tenant's turn, `held` for room under a limit.

    `suspects` wait to run alone, `leased` are with workers, begun or not. `events` is how often each thing happened
    since this broker began: enqueued, started, done, retried, … `paused_since`: it gives out nothing.
    """

    ready: int
    backlog: int
    held: int
    suspects: int
    leased: int
    events: dict[str, int]
    paused_since: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker, wherever they do."""
        return self.ready + self.backlog + self.held + self.suspects


class Counts(msgspec.Struct, frozen=True):
    """All queues, and what is counted over all of them. `ended` are those that can be listed."""

    queues: dict[str, QueueCounts]
    scheduled: int
    dead: int
    ended: int


def read_counts(client: "Redis") -> Counts:
    """Count every job, in two round trips, whatever their number."""
    with client.pipeline(transaction=False) as pipe:
        for queue in Queue:
            for ready in keys.ready_lists(queue):
                pipe.llen(ready)
            pipe.zcard(keys.suspects(queue))
        for place in (keys.SCHEDULE, keys.DEAD_LETTERS, keys.ENDED):
            pipe.zcard(place)
        for name in (keys.COUNTERS, keys.BACKLOGGED, keys.HELD):
            pipe.hgetall(name)
        answers = iter(pipe.execute())
    leased = _leased_by_queue(client)
    waiting = {queue: ([next(answers) for _ in keys.ready_lists(queue)], next(answers)) for queue in Queue}
    scheduled, dead, ended, counters, backlogged, held = answers
    backlog_of, held_of, since = _by_queue(backlogged), _by_queue(held), paused_since(client)
    return Counts(
        queues={
            queue.value: QueueCounts(
                ready=sum(ready),
                backlog=backlog_of.get(queue, 0),
                held=held_of.get(queue, 0),
                suspects=suspects,
                leased=leased.get(queue, 0),
                events=_events(counters, queue),
                paused_since=since.get(queue),
            )
            for queue, (ready, suspects) in waiting.items()
        },
        scheduled=scheduled,
        dead=dead,
        ended=ended,
    )


def list_jobs(
    client: "Redis", *, state: State | None = None, queue: Queue | None = None, limit: int = 100
) -> list[JobStatus]:
    """At most `limit` jobs in this state and queue, or in any: running, ready, scheduled, ended, in this order.

    Ready ones are listed as they will be taken, then those that workers hold already; scheduled ones from the earliest,
    ended ones from the latest. Where few of many fit, all of that place are looked at.
    """
    found: dict[str, JobStatus] = {}
    # In the direction in which jobs move: one that moves on meanwhile is met again, and not missed.
    for pages in _places(client, state, queue):
        here = 0
        for status in _read(client, pages):
            if _fits(status, state, queue):
                here += 1
                found[status.job_id] = status
                if here >= limit:
                    break
    return sorted(found.values(), key=_rank)[:limit]


def _read(client: "Redis", pages: Iterable[list[str]]) -> Iterator[JobStatus]:
    for job_ids in pages:
        yield from (status for status in read_statuses(client, job_ids) if status)


def _fits(status: JobStatus, state: State | None, queue: Queue | None) -> bool:
    return state in (None, status.state) and queue in (None, status.queue)


def _rank(status: JobStatus) -> int:
    return 3 if status.state.is_final else {State.RUNNING: 0, State.READY: 1}.get(status.state, 2)


def _places(client: "Redis", state: State | None, queue: Queue | None) -> Iterator[Iterator[list[str]]]:
    """Where jobs of this state may be; each place page by page, as job ids."""
    if state is None or state.value in {"scheduled", "retrying"}:
        yield _as_text(_sorted_set(client, keys.SCHEDULE))
    if state in (None, State.READY):
        for each in [queue] if queue else Queue:
            yield _ids_by_page(_sorted_set(client, keys.suspects(each)))
            for ready in keys.ready_lists(each):
                yield _ids_by_page(_list(client, ready))
                for elsewhere in _waiting_elsewhere(client, ready):
                    yield _ids_by_page(_list(client, elsewhere))
    if state in (None, State.READY, State.RUNNING):
        yield _held(client)
    if state is None or state.is_final:
        yield _as_text(_sorted_set(client, keys.ENDED, latest_first=True))


def _waiting_elsewhere(client: "Redis", ready: str) -> Iterator[str]:
    """The lists of a ready list's jobs that wait for their tenant's turn, or for room under a limit."""
    tenants: Any = client.lrange(keys.GUESTS_PREFIX + ready, 0, -1) + client.lrange(keys.TURNS_PREFIX + ready, 0, -1)
    for tenant in dict.fromkeys(tenants):
        yield keys.backlog(ready, _text(tenant))
    limits: Any = client.zrange(keys.HELD_BY_PREFIX + ready, 0, -1)
    for limit in limits:
        yield keys.held(ready, _text(limit))


def _held(client: "Redis") -> Iterator[list[str]]:
    holders: Any = client.zrange(keys.HOLDERS, 0, -1)
    for holder in holders:
        values: Any = client.hvals(keys.holder(_text(holder)))
        yield _ids([value.partition(b"\0")[2] for value in values])


def _list(client: "Redis", name: str) -> Iterator[list[bytes]]:
    """A ready list in the order in which it is taken: from its end."""

    def page(start: int) -> Any:
        return client.lrange(name, -start - PAGE, -start - 1)[::-1]

    return _until_empty(page)


def _sorted_set(client: "Redis", name: str, *, latest_first: bool = False) -> Iterator[list[bytes]]:
    return _until_empty(lambda start: client.zrange(name, start, start + PAGE - 1, desc=latest_first))


def _until_empty(page: Callable[[int], Any]) -> Iterator[list[bytes]]:
    start = 0
    while members := page(start):
        yield members
        start += PAGE


def _as_text(pages: Iterable[list[bytes]]) -> Iterator[list[str]]:
    return ([_text(job_id) for job_id in page] for page in pages)


def _ids_by_page(pages: Iterable[list[bytes]]) -> Iterator[list[str]]:
    return (_ids(messages) for messages in pages)


class _Headers(msgspec.Struct):
    id: str


class _Message(msgspec.Struct):
    headers: _Headers


def _ids(messages: Iterable[bytes]) -> list[str]:
    """The ids in these messages; what is no message of a job has none."""
    found = []
    for message in messages:
        try:
            found.append(msgspec.json.decode(message, type=_Message).headers.id)
        except (msgspec.DecodeError, RecursionError):
            continue
    return found


def _leased_by_queue(client: "Redis") -> dict[str, int]:
    reply: Any = script(client, "count_leases")()
    return _by_queue(dict(zip(reply[::2], reply[1::2], strict=True)))


def _by_queue(by_list: dict[bytes, Any]) -> dict[str, int]:
    """Counts of lists, as counts of their queues."""
    by_queue: dict[str, int] = {}
    for name, count in by_list.items():
        queue = keys.queue_of_list(_text(name))
        by_queue[queue] = by_queue.get(queue, 0) + int(count)
    return by_queue


def _events(counters: dict[bytes, bytes], queue: str) -> dict[str, int]:
    named = {_text(name).partition(":"): int(count) for name, count in counters.items()}
    return {event: count for (of, _colon, event), count in sorted(named.items()) if of == queue}


def _text(value: bytes) -> str:
    return value.decode()
