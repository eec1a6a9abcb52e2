"""The way back: what only our transport understands, turned into what stock Celery workers understand.

Leases and suspects go to the head of their lists. What waits in the schedule goes into its list as a message that
carries its own time, as a stock producer's does; stock workers keep such messages in their memory until then. Ready
jobs are in kombu's own form already, and dead letters stay. Each batch is one step: a program that dies in between
has lost and doubled nothing, and may be called again.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.records import read_fields
from buffrsign.broker.rewriting import NotAMessage, with_its_time
from buffrsign.broker.scripts import script
from buffrsign.core.errors import Transient
from buffrsign.jobs import Queue

if TYPE_CHECKING:
    from redis import Redis

BATCH = 100
"""How many jobs go in one step: with the largest payloads, 10 MB on the wire."""


class StillHeld(Transient):
    """Workers still renew their leases, and what they run would run a second time."""


class Exported(msgspec.Struct, frozen=True):
    """How many went, by where they were. `left` are ids of scheduled jobs whose message nobody could read.

    `waiting` waited for their tenant's turn, or for room under a limit: stock workers know of neither.
    """

    waiting: int = 0
    leased: int = 0
    suspects: int = 0
    scheduled: int = 0
    left: tuple[str, ...] = ()

    @property
    def jobs(self) -> int:
        """How many went in all."""
        return self.waiting + self.leased + self.suspects + self.scheduled


def count_exportable(client: "Redis") -> Exported:
    """How many there are to go."""
    holders: Any = client.zrange(keys.HOLDERS, 0, -1)
    with client.pipeline(transaction=False) as pipe:
        for holder in holders:
            pipe.hlen(keys.holder(holder.decode()))
        for queue in Queue:
            pipe.zcard(keys.suspects(queue))
        pipe.zcard(keys.SCHEDULE)
        pipe.hvals(keys.BACKLOGGED)
        pipe.hvals(keys.HELD)
        *counts, scheduled, backlogged, held = pipe.execute()
    leased = sum(counts[: len(holders)])
    waiting = sum(int(each) for each in (*backlogged, *held))
    return Exported(waiting=waiting, leased=leased, suspects=sum(counts[len(holders) :]), scheduled=scheduled)


def require_stopped(client: "Redis") -> None:
    """Make sure that nobody holds jobs any more.

    Raises:
        StillHeld: somebody does.
    """
    seconds, microseconds = client.time()
    now_ms = seconds * 1000 + microseconds // 1000
    live: Any = client.zrange(keys.HOLDERS, f"({now_ms}", "+inf", byscore=True, withscores=True)
    if live:
        longest = timedelta(milliseconds=max(until for _holder, until in live) - now_ms)
        raise StillHeld(
            f"{len(live)} holders have leases, the longest for {longest.total_seconds():.0f} s more; stop all workers "
            "and pullers, wait that long, and try again; --force takes their jobs, and what they run then runs twice"
        )


def export_to_stock(client: "Redis", *, force: bool = False, with_schedule: bool = True) -> Iterator[Exported]:
    """Send everything there is, and say after each step how much went so far.

    `force` takes the jobs of holders that live, too. Without `with_schedule` the schedule stays: our scheduler moves
    what is due, whichever transport the workers have.

    Raises:
        StillHeld: see `require_stopped`; what went before has gone.
    """
    if not force:
        require_stopped(client)
    so_far = Exported()
    for went in _open_windows(client):
        yield (so_far := msgspec.structs.replace(so_far, waiting=so_far.waiting + went))
    for went in _export_leases(client, force=force):
        yield (so_far := msgspec.structs.replace(so_far, leased=so_far.leased + went))
    for went in _export_suspects(client):
        yield (so_far := msgspec.structs.replace(so_far, suspects=so_far.suspects + went))
    for went, left in _export_scheduled(client) if with_schedule else ():
        yield (so_far := msgspec.structs.replace(so_far, scheduled=so_far.scheduled + went, left=so_far.left + left))


def _open_windows(client: "Redis") -> Iterator[int]:
    export = script(client, "open_window")
    for queue in Queue:
        for ready in keys.ready_lists(queue):
            while went := int(export(args=[ready, BATCH])):
                yield went


def _export_leases(client: "Redis", *, force: bool) -> Iterator[int]:
    export = script(client, "export_leases")
    holders: Any = client.zrange(keys.HOLDERS, 0, -1)
    for holder in holders:
        went = int(export(args=[holder, "1" if force else "0"]))
        if went < 0:
            require_stopped(client)
        yield max(0, went)


def _export_suspects(client: "Redis") -> Iterator[int]:
    export = script(client, "export_suspects")
    for queue in Queue:
        while went := int(export(args=[queue.value, BATCH])):
            yield went


def _export_scheduled(client: "Redis") -> Iterator[tuple[int, tuple[str, ...]]]:
    export = script(client, "export_scheduled")
    ids: Any = client.zrange(keys.SCHEDULE, 0, -1)
    for start in range(0, len(ids), BATCH):
        job_ids = [job_id.decode() for job_id in ids[start : start + BATCH]]
        arguments, left = _with_times(client, job_ids)
        yield int(export(args=arguments)), left


def _with_times(client: "Redis", job_ids: Sequence[str]) -> tuple[list[Any], tuple[str, ...]]:
    answers = read_fields(client, job_ids, ["message", "ready_at", "expires_at"])
    arguments: list[Any] = []
    left = []
    for job_id, (message, due, expires) in zip(job_ids, answers, strict=True):
        if message is None or due is None:
            continue  # it was promoted or cancelled meanwhile
        try:
            timed = with_its_time(message, due_ms=int(due), expires_ms=int(expires) if expires else None)
        except NotAMessage:
            left.append(job_id)
        else:
            arguments += [job_id, hashlib.sha1(message).hexdigest(), due, timed]  # noqa: S324 - tells versions apart
    return arguments, tuple(left)
