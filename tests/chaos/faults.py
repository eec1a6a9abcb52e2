"""What can be broken, and how. Each fault says what it did in the ledger: which processes it hit, from when to when.

Faults come from a shuffled deck that is dealt to the end before it is shuffled again, so that even a short run meets
each of them.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from redis.exceptions import RedisError

from buffrsign.broker import pausing
from buffrsign.broker.fleet_limits import Limit, clear_limit, set_limit
from tests.chaos.attribution import KILLS
from tests.chaos.fleet import Fleet, Member, Server, children_of, signal_group
from tests.chaos.inventory import QUEUES
from tests.chaos.ledger import Fault, Ledger, now
from tests.chaos.proxy import Proxy
from tests.chaos.workload import PROVIDER, Effect
from workers.processes import free_port

DECK = {
    "kill": 4,
    "orphan": 1,
    "term": 2,
    "child": 3,
    "pause": 1,
    "drop": 1,
    "cut": 1,
    "deafen": 1,
    "latency": 1,
    "restart": 1,
    "sleep": 1,
    "refuse": 1,
    "full": 1,
    "read_only": 1,
    "scheduler": 1,
    "hush": 1,
    "narrow": 1,
}
"""Each fault, and how often the deck holds it."""


@dataclass
class Scene:
    """Where faults happen."""

    fleet: Fleet
    server: Server
    proxy: Proxy
    ledger: Ledger
    dice: random.Random
    lease_s: float
    kills: int = 0

    def note(self, kind: str, since: float, *processes: int, note: str = "") -> None:
        """Write down a fault that has just ended."""
        self.kills += kind in KILLS
        entry = Fault(at=now(), since=since, kind=kind, processes=processes, note=note, wall=time.time())
        self.ledger.write(entry)

    def some_worker(self, *, prefork: bool = False) -> Member | None:
        """Any worker that lives."""
        workers = [member for member in self.fleet.workers() if not prefork or member.name.startswith("prefork")]
        return self.dice.choice(workers) if workers else None

    def last(self, at_least: float, at_most: float) -> float:
        """Let some time go by; how much is the dice's choice."""
        duration = self.dice.uniform(at_least, at_most)
        time.sleep(duration)
        return duration


def deal(dice: random.Random, kinds: set[str]) -> list[str]:
    """One shuffled deck of these kinds."""
    deck = [kind for kind, times in DECK.items() if kind in kinds for _ in range(times)]
    dice.shuffle(deck)
    return deck


def kill(scene: Scene) -> None:
    """SIGKILL a worker and its children at once."""
    if worker := scene.some_worker():
        since = now()
        worker.ending = True
        children = children_of(worker.pid)
        signal_group(worker.pid, signal.SIGKILL)
        worker.program.process.wait()
        scene.note("kill", since, worker.pid, *children, note=worker.name)
        scene.last(0, 1)
        scene.fleet.start_again(worker)


def orphan(scene: Scene) -> None:
    """SIGKILL only the main process of a prefork worker: its children may finish what they run."""
    if worker := scene.some_worker(prefork=True):
        since = now()
        worker.ending = True
        children = children_of(worker.pid)
        worker.program.process.kill()
        worker.program.process.wait()
        scene.note("orphan", since, worker.pid, *children, note=worker.name)
        scene.last(0, 2)
        scene.fleet.start_again(worker)


def term(scene: Scene) -> None:
    """SIGTERM, and SIGKILL after a grace that may be too short, as in a deploy."""
    if worker := scene.some_worker():
        since = now()
        worker.ending = True
        children = children_of(worker.pid)
        worker.program.process.send_signal(signal.SIGTERM)
        grace = scene.last(0.3, 3)
        gone = not worker.lives
        signal_group(worker.pid, signal.SIGKILL)
        worker.program.process.wait()
        note = f"{worker.name} {'ended by itself' if gone else 'was killed'} after {grace:.1f} s"
        scene.note("term", since, worker.pid, *children, note=note)
        scene.fleet.start_again(worker)


def child(scene: Scene) -> None:
    """SIGKILL one child of a prefork worker."""
    worker = scene.some_worker(prefork=True)
    children = children_of(worker.pid) if worker else []
    if children:
        victim = scene.dice.choice(children)
        since = now()
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        scene.note("child", since, victim, note=worker.name if worker else "")


def pause(scene: Scene) -> None:
    """SIGSTOP a worker and its children for one to two leases, then SIGCONT."""
    if worker := scene.some_worker():
        since = now()
        children = children_of(worker.pid)
        signal_group(worker.pid, signal.SIGSTOP)
        scene.last(scene.lease_s, 2 * scene.lease_s)
        signal_group(worker.pid, signal.SIGCONT)
        scene.note("pause", since, worker.pid, *children, note=worker.name)


def drop(scene: Scene) -> None:
    """The server closes every connection."""
    since = now()
    for kind in ("normal", "pubsub"):
        scene.server.command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    scene.note("drop", since)


def cut(scene: Scene) -> None:
    """The network closes every connection."""
    since = now()
    scene.note("cut", since, note=f"{scene.proxy.cut()} connections")


def deafen(scene: Scene) -> None:
    """Half of the connections become half-open; their clients have to find out. Lasts until they have, or 15 s."""
    since = now()
    count = scene.proxy.deafen(0.5)
    deadline = since + 15
    while scene.proxy.deaf and now() < deadline:
        scene.fleet.revive()
        time.sleep(0.1)
    left = scene.proxy.deaf
    if left:
        scene.proxy.cut()
    scene.note("deafen", since, note=f"{count} connections, {left} of which nobody gave up")


def latency(scene: Scene) -> None:
    """Everything is up to 50 ms late, each way, for some seconds."""
    since = now()
    scene.proxy.latency_s = (0.0, 0.05)
    scene.last(3, 8)
    scene.proxy.latency_s = (0.0, 0.0)
    scene.note("latency", since)


def restart(scene: Scene) -> None:
    """The server ends and comes back with what its append-only file holds."""
    since = now()
    scene.server.stop()
    scene.last(0, 2)
    scene.server.start()
    scene.note("restart", since)


def sleep(scene: Scene) -> None:
    """The server does nothing at all for a while."""
    since = now()
    scene.server.command("DEBUG", "SLEEP", f"{scene.dice.uniform(0.5, 4):.1f}")
    scene.note("sleep", since)


def refuse(scene: Scene) -> None:
    """The server holds back all clients' commands for a while."""
    since = now()
    duration_s = scene.dice.uniform(0.5, 4)
    scene.server.command("CLIENT", "PAUSE", str(int(duration_s * 1000)), "ALL")
    time.sleep(duration_s)
    scene.note("refuse", since)


def full(scene: Scene) -> None:
    """The server has no memory left for anything new, and evicts nothing."""
    since = now()
    client = scene.server.client
    client.config_set("maxmemory", 1_000_000)
    scene.last(1, 5)
    client.config_set("maxmemory", 0)
    scene.note("full", since)


def read_only(scene: Scene) -> None:
    """The server becomes the replica of nobody who answers, and then a primary again."""
    since = now()
    scene.server.command("REPLICAOF", "127.0.0.1", str(free_port()))
    scene.last(1, 4)
    scene.server.command("REPLICAOF", "NO", "ONE")
    scene.note("read_only", since)


def scheduler(scene: Scene) -> None:
    """SIGKILL a scheduler."""
    members = scene.fleet.schedulers()
    if members:
        member = scene.dice.choice(members)
        since = now()
        member.ending = True
        member.program.process.kill()
        member.program.process.wait()
        scene.note("scheduler", since, member.pid)
        scene.last(0, 2)
        scene.fleet.start_again(member)


def hush(scene: Scene) -> None:
    """A person pauses a queue, and resumes it."""
    since = now()
    queue = scene.dice.choice(QUEUES)
    pausing.pause(scene.server.client, [queue])
    try:
        scene.last(0.5, 4)
    finally:
        pausing.resume(scene.server.client, [queue])
    scene.note("hush", since, note=queue)


def narrow(scene: Scene) -> None:
    """A person sets limits, on a kind, on tenants and on a provider, and clears all but the last some seconds later."""
    since, client = now(), scene.server.client
    set_limit(client, Limit(f"kind:{Effect.kind}", at_once=scene.dice.randint(1, 4)))
    set_limit(client, Limit("tenant:*", at_once=scene.dice.randint(1, 3)))
    set_limit(client, Limit(PROVIDER, starts=scene.dice.randint(2, 50)))
    scene.last(1, 5)
    for name in (f"kind:{Effect.kind}", "tenant:*"):
        clear_limit(client, name)
    scene.note("narrow", since)


FAULTS: dict[str, Callable[[Scene], None]] = {
    function.__name__: function
    for function in (
        *(kill, orphan, term, child, pause, drop, cut, deafen, latency),
        *(restart, sleep, refuse, full, read_only, scheduler, hush, narrow),
    )
}


def strike(kind: str, scene: Scene) -> None:
    """Let one fault happen; one that the server did not bear is undone as far as can be."""
    try:
        FAULTS[kind](scene)
    except RedisError as error:
        scene.note(f"{kind}_failed", now(), note=f"{type(error).__name__}: {error}")
