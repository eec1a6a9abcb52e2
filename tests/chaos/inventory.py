"""What is in the broker: the harness's own reading of its keys, not by the code that is being tried."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from tests.chaos.verdict import Leftovers

QUEUES = ("maintenance", "audit")
_RECORD = "buffrsign:job:"
_STATE_OF_FORM = {1: "scheduled", 2: "ready"}
_DEAD = "buffrsign:dead:"
_HOLDER = "buffrsign:holder:"
_SUSPECTS = "buffrsign:suspects:"
_COUNTERS = "buffrsign:counters"
_BACKLOG = "buffrsign:backlog:"
_HELD = "buffrsign:held:"
_NEED_TTL = (
    *(_RECORD, "buffrsign:unique:", "buffrsign:stop:", "buffrsign:tick:", "buffrsign:in-use:", "buffrsign:rate:"),
    *("celery-task-meta-", "unacked_mutex"),
)
_MAY_STAY = (
    *(_DEAD, "buffrsign:bell:", "_kombu.binding"),
    *("buffrsign:dead", "buffrsign:key-secret-fingerprint", "buffrsign:ended", _COUNTERS),
    *("buffrsign:schedule:bell", "buffrsign:watch", "buffrsign:places", "buffrsign:limits"),
)
_PAGE = 1000


@dataclass
class Inventory:
    """All that was found."""

    leftovers: Leftovers = field(default_factory=Leftovers)
    leaked: list[str] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)


def busy(client: Redis) -> int:
    """How many jobs wait, are leased or are scheduled. Cheap."""
    holders: Any = client.zrange("buffrsign:holders", 0, -1)
    asked = client.pipeline(transaction=False)
    for queue in QUEUES:
        for step in ("", "\x06\x163", "\x06\x166", "\x06\x169"):
            asked.llen(queue + step)
        asked.zcard(_SUSPECTS + queue)
    asked.hlen("buffrsign:backlogged")
    asked.hlen("buffrsign:held")
    asked.zcard("buffrsign:schedule")
    asked.hlen("unacked")
    for holder in holders:
        asked.hlen(_HOLDER + holder.decode())
    return sum(asked.execute())


def take_inventory(client: Redis) -> Inventory:
    """Walk all keys. For a quiet broker."""
    inventory = Inventory()
    states, held = inventory.leftovers.states, inventory.leftovers.held
    for page in _pages(client):
        ttls = _ask(client, "pttl", page)
        for key, ttl in zip(page, ttls, strict=True):
            if _is_leaked(key, ttl):
                inventory.leaked.append(key)
        records = [key for key in page if key.startswith(_RECORD)]
        compact = [key for key, kind in zip(records, _ask(client, "type", records), strict=True) if kind == b"string"]
        for key, record in zip(compact, _ask(client, "get", compact), strict=True):
            states[key.removeprefix(_RECORD)] = _STATE_OF_FORM[record[1]]
        records = sorted({*records} - {*compact})
        for key, state in zip(records, _ask(client, "hget", records, "state"), strict=True):
            states[key.removeprefix(_RECORD)] = (state or b"unknown").decode()
        letters = [key for key in page if key.startswith(_DEAD)]
        for key, reason in zip(letters, _ask(client, "hget", letters, "reason"), strict=True):
            inventory.leftovers.dead[key.removeprefix(_DEAD)] = (reason or b"unknown").decode()
        for key in page:
            held.update(dict.fromkeys(_ids_in(client, key), key))
    scheduled: Any = client.zrange("buffrsign:schedule", 0, -1)
    held.update({job_id.decode(): "the schedule" for job_id in scheduled})
    counters: Any = client.hgetall(_COUNTERS)
    inventory.counters.update({name.decode(): int(count) for name, count in counters.items()})
    return inventory


def counters_add_up(counters: Mapping[str, int], leftovers: Leftovers) -> bool:
    """Whether all that came in has gone out or is still there, and the records, one per job, say the same."""

    def total(event: str) -> int:
        return sum(count for name, count in counters.items() if name.endswith(f":{event}"))

    states = Counter(leftovers.states.values())
    came = total("enqueued") + total("requeued")
    gone = total("done") + total("dead") + total("cancelled")
    return (
        bool(counters)
        and came == gone + len(leftovers.held)
        and total("enqueued") == len(leftovers.states)
        and all(total(state) == states[state] for state in ("done", "cancelled"))
        and total("dead") - total("requeued") == states["dead"]
    )


def _pages(client: Redis) -> Iterator[list[str]]:
    page: list[str] = []
    for key in client.scan_iter(count=_PAGE):
        page.append(key.decode())
        if len(page) == _PAGE:
            yield page
            page = []
    yield page


def _ask(client: Redis, command: str, names: list[str], *args: str) -> list[Any]:
    asked = client.pipeline(transaction=False)
    for name in names:
        getattr(asked, command)(name, *args)
    return asked.execute()


def _is_leaked(key: str, ttl_ms: int) -> bool:
    if key.startswith(_NEED_TTL):
        return ttl_ms < 0
    if key.endswith(".pidbox"):
        return False
    return not key.startswith(_MAY_STAY)


def _ids_in(client: Redis, key: str) -> list[str]:
    messages: Any
    if key.startswith((*QUEUES, _BACKLOG, _HELD)) and not key.endswith(".pidbox"):
        messages = client.lrange(key, 0, -1)
    elif key.startswith(_SUSPECTS):
        messages = client.zrange(key, 0, -1)
    elif key.startswith(_HOLDER):
        messages = [value.partition(b"\0")[2] for value in _values(client, key)]
    elif key == "unacked":
        messages = [json.dumps(json.loads(value)[0]) for value in _values(client, key)]
    else:
        return []
    return [job_id_of(message) for message in messages]


def _values(client: Redis, key: str) -> list[Any]:
    values: Any = client.hvals(key)
    return list(values)


def job_id_of(message: bytes | str) -> str:
    """The id in a message's headers, or its own text if it is none."""
    try:
        return str(json.loads(message)["headers"]["id"])
    except (ValueError, KeyError, TypeError):
        return base64.b64encode(message.encode() if isinstance(message, str) else message)[:60].decode()
