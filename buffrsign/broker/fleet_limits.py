"""Limits that hold for the whole fleet: how many jobs of a sort workers have at a time, and how many start in a while.

    set_limit(client, Limit("kind:email.signature_reminder", starts=100, per=timedelta(minutes=1)))
    set_limit(client, Limit("tenant:*", at_once=20))  # each tenant for itself
    set_limit(client, Limit("provider:gmail", starts=20))  # jobs that were enqueued with limited_by="provider:gmail"

A limit delays jobs and drops none: what it has no room for is held in the broker, in its order, and goes before what
came later. A job may be under several. Workers on kombu's own transport know of none.
"""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.broker import keys
from buffrsign.broker.scripts import script
from buffrsign.core.errors import Permanent
from buffrsign.jobs import Queue

if TYPE_CHECKING:
    from redis import Redis

MOST_AT_ONCE = 1000
"""A limit whose room is used up is counted anew, lease by lease: a thousand take half a millisecond of Redis's time."""

LONGEST = timedelta(days=1)

_NAME = re.compile(r"[a-z_]{1,32}:(\*|[A-Za-z0-9_.@-]{1,64})")


class LimitRefused(Permanent):
    """The limit makes no sense; nothing was set."""


class Limit(msgspec.Struct, frozen=True):
    """At most `at_once` jobs with workers, and at most `starts` in each `per`; None: no such bound.

    `name`: `kind:<kind>`, `tenant:<id>`, or what jobs say with `limited_by=`. With `*` behind the colon it holds for
    each of these that has no limit of its own, one by one. A second's starts may come together.
    """

    name: str
    at_once: int | None = None
    starts: int | None = None
    per: timedelta = timedelta(seconds=1)


class Held(msgspec.Struct, frozen=True):
    """How many jobs of a queue a limit holds now."""

    limit: str
    queue: str
    jobs: int


def set_limit(client: "Redis", limit: Limit) -> None:
    """Let this limit hold from now on, in place of what was set under its name.

    Raises:
        LimitRefused: it would let nothing through, or its name is none.
    """
    _require_sense(limit)
    parts = (limit.at_once, limit.starts, limit.per // timedelta(milliseconds=1) if limit.starts else None)
    client.hset(keys.LIMITS, limit.name, " ".join("" if part is None else str(part) for part in parts))
    _look_again(client)


def clear_limit(client: "Redis", name: str) -> bool:
    """Let it hold no more: True if there was one. What it held goes as soon as workers have room."""
    was_set = bool(client.hdel(keys.LIMITS, name))
    _look_again(client)
    return was_set


def read_limits(client: "Redis") -> list[Limit]:
    """What is set, by name."""
    answer: Any = client.hgetall(keys.LIMITS)
    return [_read(name.decode(), said.decode()) for name, said in sorted(answer.items())]


def read_held(client: "Redis") -> list[Held]:
    """What limits hold back now, by limit and queue."""
    lists: Any = client.hkeys(keys.HELD)
    counts: dict[tuple[str, str], int] = {}
    for name in lists:
        ready = name.decode()
        limits: Any = client.zrange(keys.HELD_BY_PREFIX + ready, 0, -1)
        for limit in limits:
            place = (limit.decode(), keys.queue_of_list(ready))
            jobs: Any = client.llen(keys.held(ready, limit.decode()))
            counts[place] = counts.get(place, 0) + jobs
    return [Held(limit, queue, jobs) for (limit, queue), jobs in sorted(counts.items()) if jobs]


def _require_sense(limit: Limit) -> None:
    if not _NAME.fullmatch(limit.name):
        raise LimitRefused(
            f"a limit's name is a word, a colon, and an id or *: kind:email.signature_request, tenant:acme-7, "
            f"provider:*; not {limit.name[:100]!r}"
        )
    if limit.at_once is None and limit.starts is None:
        raise LimitRefused(f"{limit.name}: say how many at once, or how many start in a while")
    if 0 in (limit.at_once, limit.starts):
        raise LimitRefused(f"{limit.name}: a limit of 0 would hold its jobs for ever; pause the queue instead")
    if limit.at_once is not None and not 0 < limit.at_once <= MOST_AT_ONCE:
        raise LimitRefused(f"{limit.name}: between 1 and {MOST_AT_ONCE:,} jobs at once, not {limit.at_once:,}")
    if limit.starts is not None and limit.starts < 0:
        raise LimitRefused(f"{limit.name}: a number of starts is at least 1, not {limit.starts:,}")
    if not timedelta(seconds=1) <= limit.per <= LONGEST:
        raise LimitRefused(f"{limit.name}: starts are counted over 1 s at least and a day at most, not {limit.per}")


def _read(name: str, said: str) -> Limit:
    at_once, starts, per_ms = (int(part) if part else None for part in said.split(" "))
    return Limit(name, at_once, starts, timedelta(milliseconds=per_ms or 1000))


def _look_again(client: "Redis") -> None:
    script(client, "wake")(args=[queue.value for queue in Queue])
