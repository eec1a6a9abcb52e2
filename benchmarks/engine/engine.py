"""An engine as the benchmark sees it: how it is asked to enqueue, how its workers are started, what is left to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis


class Home(StrEnum):
    """Which interpreter an engine lives in."""

    OWN = "own"
    PEERS = "peers"
    ARQ = "arq"
    NODE = "node"


class Broker(StrEnum):
    """Which server it needs."""

    REDIS = "redis"
    RABBITMQ = "rabbitmq"


class Measure(StrEnum):
    """What is measured, in the order of its weight."""

    DRAIN = "drain"
    ENQUEUE = "enqueue"
    ENQUEUE_MANY = "enqueue_many"
    LATENCY = "latency"
    LATENESS = "lateness"
    DRAIN_RESULTS = "drain_results"
    DRAIN_FAR = "drain_2ms"
    WEIGHT = "weight"
    IDLE = "idle"
    REQUESTS = "requests"
    DRAIN_ALWAYS = "drain_aof_always"
    DRAIN_OFF = "drain_aof_off"


ENQUEUES = frozenset({Measure.ENQUEUE, Measure.ENQUEUE_MANY})
DRAINS = frozenset({Measure.DRAIN, Measure.REQUESTS})


def nothing_left(_client: "Redis") -> int:
    """For engines that have no workers here."""
    return 0


@dataclass(frozen=True)
class Engine:
    """One engine in one configuration.

    `side`: the program that enqueues, without its command. `workers`: programs, each with its processes.
    `scheduler`: one more, where jobs for later have a program of their own. Engines of one
    `family` load the same jobs in the same way. `remaining`: how many jobs are not acknowledged. `guess`: jobs a second
    it may reach, and `guess_far` at 2.4 ms; they only size runs. `counts_at_once`: its count of runs is exact at any
    moment.
    """

    name: str
    label: str
    family: str
    home: Home
    side: tuple[str, ...]
    measures: frozenset[Measure]
    workers: tuple[tuple[str, ...], ...] = ()
    scheduler: tuple[str, ...] = ()
    remaining: Callable[["Redis"], int] = nothing_left
    guess: int = 1000
    guess_far: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    broker: Broker = Broker.REDIS
    counts_at_once: bool = True
    is_ours: bool = False
    note: str = ""
