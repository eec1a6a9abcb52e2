"""One run: start the system, break it for a while, let it come to rest, and judge."""

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos import report
from tests.chaos.attribution import Faults
from tests.chaos.faults import DECK, Scene, deal, strike
from tests.chaos.fleet import Fleet, Server, environment, worker_commands
from tests.chaos.inventory import busy, counters_add_up, take_inventory
from tests.chaos.ledger import Fault, Ledger, now, read
from tests.chaos.proxy import Proxy
from tests.chaos.results import wrong_results
from tests.chaos.verdict import Findings, judge
from tests.chaos.workload import LONGEST_RUN_S
from tests.support.wait import wait_until
from workers.processes import Processes

PRODUCERS = 2
JOBS_PER_SHARD = 500_000


@dataclass(frozen=True)
class Plan:
    """What a run is asked to be. It ends when its time is over and its jobs and kills are reached."""

    folder: Path
    seed: int
    seconds: float
    jobs: int = 0
    kills: int = 0
    rate: float = 80.0
    lease_s: float = 5.0
    faults: frozenset[str] = frozenset(DECK)
    stock: bool = False
    drain_s: float = 120.0

    @property
    def is_bulk(self) -> bool:
        """Whether it is about millions of jobs."""
        return self.jobs > 0


def run(plan: Plan, console: Console) -> dict[str, Any]:
    """Carry out the plan; the verdict."""
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(plan.folder / "log"))
        server = Server(processes, plan.folder / "broker")
        server.start()
        proxy = stack.enter_context(Proxy(server.port, seed=plan.seed))
        urls = [f"redis://127.0.0.1:{proxy.port}/{database}" for database in range(3)]
        settings = environment(plan.folder, urls=urls, lease_s=plan.lease_s, stock=plan.stock)
        fleet = Fleet(processes, settings)
        stack.callback(fleet.end)
        ledger = Ledger(plan.folder / "ledger")
        dice = random.Random(plan.seed)  # noqa: S311 - a repeatable run
        scene = Scene(fleet, server, proxy, ledger, dice, plan.lease_s)
        start_fleet(fleet, plan, worker_commands())
        with progress(console) as tell:
            break_things(scene, plan, tell)
            tell("coming to rest", 1.0)
            rested = _come_to_rest(scene, plan.drain_s)
        wrong = wrong_results(server.client, plan.folder / "ledger")
        fleet.stop("")
        return _judge(plan, server.client, rested=rested, wrong=wrong)


def start_fleet(
    fleet: Fleet, plan: Plan, commands: Mapping[str, list[str]], *, schedulers: int = 2, producing: Sequence[str] = ()
) -> None:
    """Start schedulers and workers, and the producers once all of those are ready."""
    for number in range(1, schedulers + 1):
        fleet.add(f"scheduler-{number}", [sys.executable, "-m", "workers.scheduler"])
    for name, command in commands.items():
        fleet.add(name, command)
    for name in commands:
        wait_until(fleet.members[name].is_ready, f"{name} to be ready", timeout_s=60)
    for number in range(PRODUCERS):
        amount = ["--jobs", str(-(-plan.jobs // PRODUCERS)), "--bulk"] if plan.is_bulk else []
        pace = ["--seed", str(plan.seed + number), "--rate", f"{plan.rate / PRODUCERS:g}"]
        fleet.add(f"producer-{number}", [sys.executable, "-m", "tests.chaos.produce", *pace, *amount, *producing])


def break_things(scene: Scene, plan: Plan, tell: Callable[[str, float], None]) -> None:
    """One fault after the other, until the plan is fulfilled."""
    started = now()
    cards: list[str] = []
    while (part := _progress_of(scene, plan, started)) < 1.0:
        if not cards:
            cards = deal(scene.dice, set(plan.faults))
        watch(scene, _gap_s(scene, plan, part), lambda text: tell(text, part))
        if cards:
            kind = cards.pop()
            tell(f"{kind} ({scene.kills} kills)", part)
            strike(kind, scene)


def _progress_of(scene: Scene, plan: Plan, started: float) -> float:
    parts = [(now() - started) / plan.seconds] if plan.seconds else []
    if plan.jobs:
        producing = any(member.lives for name, member in scene.fleet.members.items() if name.startswith("producer"))
        done: Any = scene.server.client.dbsize()
        parts.append(min(0.999, done / plan.jobs) if producing else 1.0)
    if plan.kills:
        parts.append(scene.kills / plan.kills)
    return min(parts)


def _gap_s(scene: Scene, plan: Plan, part: float) -> float:
    """The time until the next fault: shorter while the kills are behind the rest."""
    if plan.kills and scene.kills / plan.kills > part + 0.01:
        return scene.dice.uniform(5, 15)
    return scene.dice.uniform(0.5, 3.5)


def watch(scene: Scene, seconds: float, tell: Callable[[str], None]) -> None:
    """Let time go by, and start again what ends by itself."""
    until = now() + seconds
    while now() < until:
        for name, process, code, started_at in scene.fleet.revive():
            tell(f"{name} ended by itself with code {code}")
            scene.note("ended_by_itself", started_at, process, note=f"{name}, code {code}")
        time.sleep(0.1)


def _come_to_rest(scene: Scene, limit_s: float) -> bool:
    """Without faults, until nothing waits and nothing can be running any more; whether that came in time."""
    scene.fleet.stop("producer")
    limit = now() + limit_s
    quiet_since = now()
    while now() < limit:
        watch(scene, 0.5, lambda _: None)
        if busy(scene.server.client):
            quiet_since = now()
        elif now() - quiet_since > LONGEST_RUN_S + 2:
            return True
    return False


def _judge(plan: Plan, client: Redis, *, rested: bool, wrong: int) -> dict[str, Any]:
    inventory = take_inventory(client)
    folder = plan.folder / "ledger"
    told = [entry for entry in read(folder, shards=1_000_000) if isinstance(entry, Fault)]
    faults = Faults.sort(told, lease_s=plan.lease_s)
    findings = Findings()
    shards = 1 + len(inventory.leftovers.states) // JOBS_PER_SHARD
    for shard in range(shards):
        judge(read(folder, shard=shard, shards=shards), inventory.leftovers, faults, findings)
    verdict = report.summary(
        findings,
        told,
        seed=plan.seed,
        leaked=inventory.leaked,
        counters_add_up=None if plan.stock else counters_add_up(inventory.counters, inventory.leftovers),
        wrong_results=wrong,
        rested=rested,
    )
    return {**verdict, "counters": inventory.counters, "folder": str(plan.folder)}


@contextmanager
def progress(console: Console) -> Iterator[Callable[[str, float], None]]:
    """A bar; call what this gives with what is happening, and how much of the plan is done."""
    columns = (TextColumn("{task.description:40}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("chaos", total=1.0)

        def tell(text: str, part: float) -> None:
            bar.update(task, description=text, completed=part)

        yield tell
