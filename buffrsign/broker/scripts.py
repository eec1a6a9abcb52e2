"""The Lua scripts beside this file. Each is one step that happens whole or not at all, on Redis's own clock.

A script's file opens with what it does, its ARGV and its reply. Before its body come the names of the keys (the table
`K`, from `keys.py`), the limits (`L`), and of the functions in `lua/shared` those that it uses.

MUST: every script but those that accept new jobs runs on a full Redis too (`allow-oom`), or a fleet could not drain it.
"""

import hashlib
import re
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from buffrsign.broker import keys
from buffrsign.broker.limits import (
    ENDED_LISTED,
    ENDED_TTL,
    LOOKED_AT_ONCE,
    MAX_CRASHES,
    MISSED_AFTER,
    NAME_BYTES,
    ONE_IN,
    RECOVERED_AT_ONCE,
    RECOVERED_BYTES,
    SUSPECT_WAITS,
    TICK_TTL,
    WAITING_TTL,
    WINDOW,
)

if TYPE_CHECKING:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis
    from redis.commands.core import Script

_SHARED = ("basics", "messages", "turns", "compact", "leases", "places", "records", "moves")
"""In this order, since a function of Lua's uses those above it."""

_ACCEPTING = {"publish", "publish_many", "put"}
_SAME_TEXT = {"put_again": "put"}  # a job that was accepted goes on, also on a full server

_KEYS = {
    "record": keys.RECORD_PREFIX,
    "schedule": keys.SCHEDULE,
    "schedule_bell": keys.SCHEDULE_BELL,
    "series": keys.SERIES_PREFIX,
    "holders": keys.HOLDERS,
    "holder": keys.HOLDER_PREFIX,
    "stop": keys.STOP_PREFIX,
    "watch": keys.WATCH,
    "suspects": keys.SUSPECTS_PREFIX,
    "bell": keys.BELL_PREFIX,
    "unique": keys.UNIQUE_PREFIX,
    "fingerprint": keys.KEY_SECRET_FINGERPRINT,
    "dead": keys.DEAD_LETTERS,
    "dead_letter": keys.DEAD_LETTER_PREFIX,
    "ended": keys.ENDED,
    "counters": keys.COUNTERS,
    "tick": keys.TICK_PREFIX,
    "result_channel": keys.RESULT_CHANNEL_PREFIX,
    "window": keys.WINDOW_PREFIX,
    "turns": keys.TURNS_PREFIX,
    "guests": keys.GUESTS_PREFIX,
    "until_taken": keys.UNTIL_TAKEN_PREFIX,
    "backlog": keys.BACKLOG_PREFIX,
    "backlogged": keys.BACKLOGGED,
    "places": keys.PLACES,
    "paused": keys.PAUSED,
    "limits": keys.LIMITS,
    "in_use": keys.IN_USE_PREFIX,
    "rate": keys.RATE_PREFIX,
    "held": keys.HELD,
    "held_by": keys.HELD_BY_PREFIX,
}


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


_LIMITS = {
    "ended_ttl_s": f"'{_ms(ENDED_TTL) // 1000}'",  # as texts: see `in_ms`
    "waiting_ttl_s": f"'{_ms(WAITING_TTL) // 1000}'",
    "ended_listed": ENDED_LISTED,
    "crashes": MAX_CRASHES,
    "missed_after_ms": _ms(MISSED_AFTER),
    "suspect_waits_ms": _ms(SUSPECT_WAITS),
    "recovered_at_once": RECOVERED_AT_ONCE,
    "recovered_bytes": RECOVERED_BYTES,
    "tick_ttl_ms": _ms(TICK_TTL),
    "window": WINDOW,
    "one_in": ONE_IN,
    "looked_at_once": LOOKED_AT_ONCE,
    "name_bytes": NAME_BYTES,
}


def script(client: "Redis | AsyncRedis", name: str) -> "Script":
    """The script of this name, bound to a client; loaded into the server again whenever it has forgotten it."""
    bound: Any = client.register_script(source(name))
    return bound  # type: ignore[no-any-return]


@cache
def digest(name: str) -> str:
    """How the server names a script that it has loaded."""
    return hashlib.sha1(source(name).encode()).hexdigest()  # noqa: S324 - Redis's choice, and no secret


@cache
def source(name: str) -> str:
    """The whole text of a script, as the server gets it: of what is shared, only what it uses.

    The server makes every function and every entry of the tables anew at each call: all of them took 6 µs, of 16 for
    the acceptance of a job.
    """
    shebang = "#!lua" if name in _ACCEPTING else "#!lua flags=allow-oom"
    body = _with_functions(_read(_SAME_TEXT.get(name, name)))
    names = "".join(f"K.{key} = '{value}'\n" for key, value in _KEYS.items() if _uses(body, f"K.{key}"))
    limits = "".join(f"L.{key} = {value}\n" for key, value in _LIMITS.items() if _uses(body, f"L.{key}"))
    return f"{shebang}\nlocal K, L, memo = {{}}, {{}}, {{}}\n{names}{limits}{body}"


def shared() -> str:
    """All functions that scripts share, as they are written."""
    return "\n".join(_read(f"shared/{part}") for part in _SHARED)


def _with_functions(body: str) -> str:
    """The script's body behind the shared functions that it uses, and those that they use, in their order."""
    functions = _FUNCTION.findall(shared())
    wanted: list[str] = []
    for function, name in reversed(functions):  # a function uses those above it
        if name in _ALWAYS or _uses(body, name) or any(_uses(each, name) for each in wanted):
            wanted.append(function)
    return "\n".join([*reversed(wanted), body])


def _uses(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


_FUNCTION = re.compile(r"((?:^--[^\n]*\n)*^local function (\w+)\(.*?^end\n)", re.MULTILINE | re.DOTALL)
_ALWAYS = {"now_ms"}


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
