"""A phase of its own: the primary is killed under load, and the sentinels make its replica the primary.

Replication is asynchronous, so a fail-over may cost what the primary had acknowledged and not passed on yet, and may
bring back what was settled in that moment. The phase counts both; they are no part of the verdict on the engine.
"""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.chaos.attribution import Faults
from tests.chaos.fleet import Fleet, environment, worker_commands
from tests.chaos.inventory import busy, take_inventory
from tests.chaos.ledger import Accepted, AnyEntry, Fault, Ledger, now, read
from tests.chaos.verdict import Findings, judge
from tests.chaos.workload import LONGEST_RUN_S
from tests.support.sentinel import Sentinels, running_sentinels
from tests.support.wait import wait_until
from workers.processes import Processes

BEFORE_S, AFTER_S, REST_S = 8.0, 10.0, 60.0
_WORKERS = ("prefork-1", "threads")


def fail_over(folder: Path, *, seed: int, lease_s: float, rate: float = 80.0) -> dict[str, Any]:
    """Kill the primary while jobs run: how many were acknowledged, and of those lost, stuck, and run again."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        sentinels = stack.enter_context(running_sentinels(folder, dead_first=False))
        processes = stack.enter_context(Processes(folder / "log"))
        settings = environment(folder, urls=_urls(sentinels), lease_s=lease_s, stock=False)
        fleet = Fleet(processes, settings)
        stack.callback(fleet.end)
        fleet.add("scheduler-1", [sys.executable, "-m", "workers.scheduler"])
        commands = worker_commands()
        for name in _WORKERS:
            fleet.add(name, commands[name])
        for name in _WORKERS:
            wait_until(fleet.members[name].is_ready, f"{name} to be ready", timeout_s=60)
        producing = ["-m", "tests.chaos.produce", "--seed", str(seed), "--rate", f"{rate:g}"]
        fleet.add("producer-0", [sys.executable, *producing])
        time.sleep(BEFORE_S)
        _kill_primary(sentinels, Ledger(folder / "ledger"))
        _let_run(fleet, AFTER_S)
        fleet.stop("producer")
        rested = _rest(fleet, sentinels)
        fleet.stop("")
        return {**_judge(folder, sentinels, lease_s=lease_s), "rested": rested}


def _kill_primary(sentinels: Sentinels, ledger: Ledger) -> None:
    since = now()
    old = sentinels.primary_port()
    process = sentinels.programs[old].process
    process.kill()
    process.wait()
    sentinels.wait_for_new_primary(old)
    ledger.write(Fault(at=now(), since=since, kind="failover", wall=time.time()))


def _let_run(fleet: Fleet, seconds: float) -> None:
    until = now() + seconds
    while now() < until:
        fleet.revive()
        time.sleep(0.1)


def _rest(fleet: Fleet, sentinels: Sentinels) -> bool:
    limit = now() + REST_S
    quiet_since = now()
    while now() < limit:
        _let_run(fleet, 0.5)
        if busy(sentinels.broker.client):
            quiet_since = now()
        elif now() - quiet_since > LONGEST_RUN_S + 2:
            return True
    return False


def _judge(folder: Path, sentinels: Sentinels, *, lease_s: float) -> dict[str, Any]:
    entries: list[AnyEntry] = list(read(folder / "ledger"))
    faults = [entry for entry in entries if isinstance(entry, Fault)]
    leftovers = take_inventory(sentinels.broker.client).leftovers
    found = judge(entries, leftovers, Faults.sort(faults, lease_s=lease_s), Findings())
    lost = set(found.lost_ids)
    since = faults[0].since
    ages = [since - entry.at for entry in entries if isinstance(entry, Accepted) and entry.job in lost]
    return {
        "acknowledged": found.jobs,
        "lost": found.lost,
        "stuck": found.stuck,
        "repeated": found.unattributed_repeats + sum(n for why, n in found.repeats.items() if why != "reported"),
        "repeated_effects": found.repeated_effects,
        "took_s": round(faults[0].at - since, 2),
        "oldest_lost_s_before": round(max(ages), 3) if ages else None,
        "evidence": found.evidence,
    }


def _urls(sentinels: Sentinels) -> list[str]:
    broker = sentinels.broker
    return [broker.broker_url, broker.state_url, broker.cache_url]
