"""All that the broker holds, read in one step and named."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.records import State
from tests.model.engine import CLOCK

QUEUES = ("email", "audit")
LISTS = ("email", "email\x06\x163", "audit")
FINAL = {state.value for state in State if state.is_final}
WAITING = {State.SCHEDULED.value, State.RETRYING.value}

_READ = """
local reply = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, value = redis.call('TYPE', key).ok, nil
  if kind == 'hash' then value = redis.call('HGETALL', key)
  elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'set' then value = redis.call('SMEMBERS', key)
  elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  else value = {redis.call('GET', key)} end
  reply[#reply + 1] = {key, redis.call('TTL', key), value}
end
return reply
"""

Record = dict[str, str]


@dataclass(frozen=True)
class Message:
    """What the model reads of a message: its job, and which try it is."""

    job_id: str
    retries: int
    tenant: str = ""

    def encode(self) -> bytes:
        """As a producer writes it, and as long as one: a short one is stored otherwise."""
        headers = {"id": self.job_id, "task": "model.job", "retries": self.retries, "pad": "·" * 20}
        tenant = {"tenant": self.tenant} if self.tenant else {}
        return json.dumps({"headers": headers | tenant, "body": ""}).encode()

    @property
    def payload(self) -> bytes:
        """What travels of it instead, where its job has to wait: the broker builds the message."""
        return json.dumps({"of": self.job_id, "pad": "·" * 20}).encode()


@lru_cache(maxsize=4096)
def decode(message: bytes) -> Message:
    """The message that was encoded."""
    headers = json.loads(message)["headers"]
    return Message(headers["id"], headers["retries"], headers.get("tenant", ""))


def payload_of(message: bytes) -> Any:
    """The payload of a message that the broker has built; None for one that was encoded here."""
    body = json.loads(message)["body"]
    return json.loads(body)[0][0] if body else None


@dataclass
class World:
    """The broker at one moment."""

    now: int = 0
    lists: dict[str, list[bytes]] = field(default_factory=dict)
    elsewhere: dict[str, list[bytes]] = field(default_factory=dict)
    counted_elsewhere: Counter[str] = field(default_factory=Counter)
    rings: dict[str, list[str]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    limits: dict[str, str] = field(default_factory=dict)
    suspects: dict[str, dict[bytes, int]] = field(default_factory=dict)
    schedule: dict[str, int] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)
    leases: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    compact: dict[str, bytes] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    letters: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    uniques: dict[str, str] = field(default_factory=dict)
    series: dict[str, dict[str, int]] = field(default_factory=dict)
    stops: dict[str, list[str]] = field(default_factory=dict)
    bells: set[str] = field(default_factory=set)
    counters: Counter[str] = field(default_factory=Counter)
    ttls: dict[str, int] = field(default_factory=dict)
    watched_at: int = 0
    strays: list[str] = field(default_factory=list)

    def messages(self) -> Iterator[bytes]:
        """All that lie in lists, among suspects, or in a holder's hands."""
        for messages in [*self.lists.values(), *self.elsewhere.values(), *self.suspects.values()]:
            yield from messages
        for _, message in self.leases.values():
            yield message

    def waiting_in(self, place: str) -> list[bytes]:
        """What is ready in a list, or waits for its turn in it, or for room under a limit."""
        of = (keys.backlog(place, ""), keys.held(place, ""))
        elsewhere = [message for key, some in self.elsewhere.items() if key.startswith(of) for message in some]
        return [*elsewhere, *self.lists.get(place, [])]

    def under(self, limit: str) -> set[str]:
        """The leases of jobs that are under this limit."""
        family, _, name = limit.partition(":")
        said = {lease: decode(message) for lease, (_, message) in self.leases.items()}
        return {
            lease for lease, message in said.items() if name == (message.tenant if family == "tenant" else "model.job")
        }

    def copies(self) -> Counter[str]:
        """How many messages each job has that may still begin: those of tries that are over do not count."""
        found: Counter[str] = Counter()
        for message in map(decode, self.messages()):
            if message.retries >= self.number(message.job_id, "retries"):
                found[message.job_id] += 1
        return found

    def state(self, job_id: str) -> str | None:
        """What the job's record says, if it has one."""
        return self.records.get(job_id, {}).get("state")

    def number(self, job_id: str, name: str) -> int:
        """A counter of the job's record."""
        return int(self.records.get(job_id, {}).get(name, 0))

    def runs_by(self, job_id: str) -> str | None:
        """The lease that runs the job, as the record says."""
        return self.records[job_id].get("lease") if self.state(job_id) == State.RUNNING else None

    def has_begun(self, lease: str) -> bool:
        """Whether this lease is held, and its job runs by it."""
        if lease not in self.leases:
            return False
        job_id = decode(self.leases[lease][1]).job_id
        return job_id in self.records and self.runs_by(job_id) == lease

    def held_by(self, holder: str) -> set[str]:
        """The leases of a holder."""
        return {lease for lease in self.leases if holder_of(lease) == holder}


def holder_of(lease: str) -> str:
    """Who holds this lease."""
    return lease.rpartition(".")[0]


class Reader:
    """Reads worlds."""

    def __init__(self, client: Redis) -> None:
        self._read: Any = client.register_script(_READ)

    def __call__(self) -> World:
        """The broker as it is now."""
        world = World()
        for name, ttl, value in self._read():
            key = name.decode()
            if key == CLOCK:
                world.now = int(value[0])
            else:
                world.ttls[key] = ttl
                _put(world, key, value)
        for job_id, text in world.compact.items():
            world.records[job_id] = _expand(job_id, text, world.schedule.get(job_id))
        return world


def _put(world: World, key: str, value: list[bytes]) -> None:
    zsets = {keys.SCHEDULE: world.schedule, keys.HOLDERS: world.holders}
    zsets |= {keys.DEAD_LETTERS: world.dead, keys.ENDED: world.ended}
    if key in zsets:
        zsets[key].update(_scores(value))
    elif key in LISTS:
        world.lists[key] = value
    elif key == keys.PAUSED:
        world.paused.update(_text(value))
    elif key == keys.LIMITS:
        world.limits.update(_text(value))
    elif key in (keys.BACKLOGGED, keys.HELD):
        world.counted_elsewhere.update({f"{key} {name}": int(count) for name, count in _text(value).items()})
    elif key == keys.COUNTERS:
        world.counters.update({name: int(count) for name, count in _text(value).items()})
    elif key == keys.WATCH:
        world.watched_at = int(value[0])
    elif key == keys.SCHEDULE_BELL:
        world.bells.add(key)
    else:
        _put_one_of_many(world, key, value)


def _put_one_of_many(world: World, key: str, value: list[bytes]) -> None:  # noqa: C901, PLR0912 - one flat table
    prefix = next((prefix for prefix in _PREFIXES if key.startswith(prefix)), "")
    name = key.removeprefix(prefix)
    match prefix:
        case keys.RECORD_PREFIX if len(value) == 1:
            world.compact[name] = value[0]
        case keys.RECORD_PREFIX:
            world.records[name] = _text(value)
        case keys.HOLDER_PREFIX:
            for lease, held in _pairs(value):
                source, _, message = held.partition(b"\0")
                world.leases[lease.decode()] = (source.decode(), message)
        case keys.SUSPECTS_PREFIX:
            world.suspects[name] = {message: int(float(since)) for message, since in _pairs(value)}
        case keys.DEAD_LETTER_PREFIX:
            world.letters[name] = dict(_pairs(value))
        case keys.SERIES_PREFIX:
            world.series[name] = _scores(value)
        case keys.STOP_PREFIX:
            world.stops[name] = [lease.decode() for lease in value]
        case keys.UNIQUE_PREFIX:
            world.uniques[name] = value[0].decode()
        case keys.BELL_PREFIX:
            world.bells.add(key)
        case _ if prefix in _ELSEWHERE:
            world.elsewhere[key] = value
        case keys.TURNS_PREFIX | keys.GUESTS_PREFIX:
            world.rings.setdefault(name, []).extend(_texts(value))
        case "":
            world.strays.append(key)


_ELSEWHERE = (keys.BACKLOG_PREFIX, f"{keys.HELD}:")
_PREFIXES = (
    *(*_ELSEWHERE, keys.TURNS_PREFIX, keys.GUESTS_PREFIX, keys.WINDOW_PREFIX, keys.PLACES),
    *(keys.UNTIL_TAKEN_PREFIX, keys.HELD_BY_PREFIX, keys.IN_USE_PREFIX, keys.RATE_PREFIX),
    *(keys.RECORD_PREFIX, keys.HOLDER_PREFIX, keys.SUSPECTS_PREFIX, keys.DEAD_LETTER_PREFIX, keys.SERIES_PREFIX),
    *(keys.STOP_PREFIX, keys.UNIQUE_PREFIX, keys.BELL_PREFIX, keys.KEY_SECRET_FINGERPRINT),
)


def _expand(job_id: str, text: bytes, due: int | None) -> Record:
    """What a compact record says, in the words of a whole one. One that is not in the schedule is due never."""
    form, terms, last = msgspec.msgpack.decode(text)
    assert form in (1, 2)
    if form == 2:
        return _expand_ready(terms, last)
    headers = {"id": job_id, "task": terms["k"], "retries": 0}
    message = json.dumps({"headers": headers, "body": json.dumps([[json.loads(last or "null")]])})
    record = {"state": State.SCHEDULED.value, **_said(terms)}
    record |= {"unique": keys.unique(terms["u"])} if "u" in terms else {}
    if due is not None:
        record |= {"ready_at": str(due), "message": message}
        record |= {"expires_at": str(due + int(terms["x"]))} if "x" in terms else {}
    return record


def _expand_ready(terms: dict[str, Any], key_hash: str) -> Record:
    record = {"state": State.READY.value, "ready_at": str(terms["a"]), **_said(terms)}
    record |= {"unique": keys.unique(key_hash)} if key_hash else {}
    return record | ({"expires_at": str(terms["a"] + int(terms["x"]))} if "x" in terms else {})


def _said(terms: dict[str, Any]) -> Record:
    said = {"kind": terms["k"], "queue": terms["q"], "enqueued_at": str(terms["e"])}
    return said | {name: terms[letter] for letter, name in _TERMS.items() if letter in terms}


_TERMS = {"r": "keeps_result", "m": "missed", "s": "series", "w": "window_s"}


def _pairs(flat: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _scores(flat: list[bytes]) -> dict[str, int]:
    return {member.decode(): int(float(score)) for member, score in _pairs(flat)}


def _texts(values: list[bytes]) -> list[str]:
    return [value.decode() for value in values if value]


def _text(flat: list[bytes]) -> Record:
    return {name.decode(): value.decode() for name, value in _pairs(flat)}
