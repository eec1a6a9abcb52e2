"""`python -m tests.chaos`: break the system for a while and say what was lost. Exit code 1 if anything was."""

import argparse
import json
import random
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.chaos import report
from tests.chaos.failover import fail_over
from tests.chaos.faults import FAULTS
from tests.chaos.rabbitmq import is_installed, run_rabbitmq
from tests.chaos.run import Plan, run

_NO_RABBITMQ = "rabbitmq-server is not on the PATH, so there is nothing to compare with (Debian: rabbitmq-server)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are stopped
    console = Console(stderr=True)
    if options.rabbitmq and not is_installed():
        console.print(_NO_RABBITMQ)
        return 2
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    plan = Plan(
        folder=_new_folder(options.home / f"run-{seed}"),
        seed=seed,
        seconds=options.seconds,
        jobs=options.jobs,
        kills=options.kills,
        rate=options.rate,
        lease_s=options.lease,
        faults=frozenset(options.faults),
        drain_s=options.drain,
    )
    console.print(f"seed {seed}; logs, ledger and broker are kept in {options.home}")
    try:
        if options.rabbitmq:
            verdict = _run_rabbitmq(plan, console)
        elif options.stock:
            verdict = _run_stock(plan, console)
        else:
            verdict = _run_ours(plan, console, stock_s=options.with_stock, with_failover=options.failover)
    except KeyboardInterrupt:
        console.print("interrupted; everything that was started has been stopped, and there is no verdict")
        return 130
    if options.json:
        print(json.dumps(verdict))  # noqa: T201
    return 0 if report.is_clean(verdict) else 1


def _run_rabbitmq(plan: Plan, console: Console) -> dict[str, Any]:
    plan = replace(plan, folder=_new_folder(plan.folder.with_name(f"rabbitmq-{plan.seed}")))
    verdict = run_rabbitmq(plan, console)
    _keep(verdict, plan, "rabbitmq.json", console, title="Celery on RabbitMQ")
    return verdict


def _keep(verdict: dict[str, Any], plan: Plan, name: str, console: Console, *, title: str) -> None:
    path = plan.folder.with_name(name)
    report.write(verdict, plan.folder / "verdict.json")
    report.write(verdict, path)
    report.show(verdict, console, title=f"{title}: {path}")


def _run_stock(plan: Plan, console: Console) -> dict[str, Any]:
    stock = replace(plan, folder=_new_folder(plan.folder.with_name(f"stock-{plan.seed}")), stock=True)
    verdict = run(stock, console)
    _keep(verdict, stock, "stock.json", console, title="kombu's own transport")
    return verdict


def _run_ours(plan: Plan, console: Console, *, stock_s: float, with_failover: bool) -> dict[str, Any]:
    if stock_s:
        _run_stock(replace(plan, seconds=stock_s, jobs=0, kills=0), console)
    verdict = run(plan, console)
    report.write(verdict, plan.folder / "verdict.json")  # for whoever interrupts the rest
    if with_failover:
        console.print("a fail-over by Sentinel")
        verdict["failover"] = fail_over(plan.folder / "failover", seed=plan.seed, lease_s=plan.lease_s)
    if (known := plan.folder.with_name("stock.json")).exists():
        stock = json.loads(known.read_text())
        verdict["stock"] = {name: stock[name] for name in ("seed", "jobs", "kills", *report.MUST_BE_ZERO)}
    _keep(verdict, plan, "verdict.json", console, title="Verdict")
    return verdict


def _new_folder(folder: Path) -> Path:
    """This folder, which is not there yet: a repeated seed gets a number."""
    numbered = (folder.with_name(f"{folder.name}.{number}") for number in range(2, 1000))
    return next(free for free in (folder, *numbered) if not free.exists())


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeats the dice of another run")
    parser.add_argument("--seconds", type=float, default=120, help="how long things are broken (%(default)s)")
    parser.add_argument("--jobs", type=int, default=0, help="go on until so many jobs are enqueued, mostly quick ones")
    parser.add_argument("--kills", type=int, default=0, help="go on until so many processes are killed")
    parser.add_argument("--rate", type=float, default=80, help="jobs a second (%(default)s)")
    parser.add_argument("--lease", type=float, default=5, help="lease in seconds (%(default)s)")
    parser.add_argument("--drain", type=float, default=120, help="seconds to come to rest (%(default)s)")
    parser.add_argument("--stock", action="store_true", help="on kombu's own transport only, for comparison")
    parser.add_argument("--with-stock", type=float, default=0, metavar="SECONDS", help="that before, for so long")
    parser.add_argument("--failover", action="store_true", help="and a fail-over by Sentinel after it")
    parser.add_argument("--rabbitmq", action="store_true", help="Celery on RabbitMQ's quorum queues, for comparison")
    parser.add_argument("--home", type=Path, default=Path("var/chaos"), help="where all is kept (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the verdict on standard output")
    parser.add_argument(
        "--faults",
        type=lambda text: [_fault(name) for name in text.split(",")],
        default=sorted(FAULTS),
        help=f"which of: {','.join(FAULTS)}",
    )
    return parser.parse_args(arguments)


def _fault(name: str) -> str:
    if name not in FAULTS:
        raise argparse.ArgumentTypeError(f"{name!r} is no fault; known are: {', '.join(FAULTS)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
