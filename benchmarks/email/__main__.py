"""The e-mail family beside loops of `smtplib` on this machine: `python -m benchmarks.email [--quick]`."""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.email import burst, loops, ours, pictures, report
from benchmarks.email.plan import FULL, QUICK, Plan, Way
from benchmarks.email.report import LEAST_CEILING, Results
from benchmarks.email.stage import Void
from buffrsign.core.errors import BuffrSignError
from workers.processes import ROOT

OUTPUT = ROOT / "var" / "bench" / "email.json"
BURST = "burst"

Step = tuple[str, Callable[[], None]]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write `var/bench/email.json` and the plots. Exit code 1: a measurement does not count."""
    given = _parse(arguments)
    signal.signal(signal.SIGTERM, _stop)
    plan = QUICK if given.quick else FULL
    plan = replace(plan, **{name: value for name in ("rounds", "letters") if (value := getattr(given, name))})
    results = Results()
    _carry_out(_steps(plan, _chosen(given.only), results), results)
    _judge(results)
    found = report.as_json(results, quick=given.quick)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if given.pictures:
        pictures.draw(results, given.pictures)
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else report.as_table(results))
    sys.exit(bool(results.problems))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.email", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round, in a minute: for a first look only")
    parser.add_argument("--rounds", type=int, help=f"measure everything so often, in turns (default {FULL.rounds})")
    parser.add_argument("--letters", type=int, help=f"so many in each measurement (default {FULL.letters})")
    names = ", ".join([*Way, BURST])
    parser.add_argument("--only", default="", help=f"measure only these, with commas: {names}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    parser.add_argument("--pictures", type=Path, help="write the plots into this folder")
    return parser.parse_args(arguments)


def _chosen(only: str) -> frozenset[str]:
    names = {name.strip() for name in only.split(",") if name.strip()}
    known = {*Way, BURST}
    if unknown := names - known:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; known are: {', '.join(sorted(known))}")
    return frozenset(names or known)


def _steps(plan: Plan, chosen: frozenset[str], results: Results) -> list[Step]:
    """Each way in turn, as many times as there are rounds, and then the burst."""
    steps = [
        (f"{way}, round {number + 1}", _rate(way, plan, results))
        for number in range(plan.rounds)
        for way in Way
        if way in chosen
    ]
    return [*steps, *([(BURST, _burst(plan, results))] if BURST in chosen else [])]


def _rate(way: Way, plan: Plan, results: Results) -> Callable[[], None]:
    def measure() -> None:
        rate = ours.measure(plan.letters) if way is Way.OURS else loops.measure(way, plan.of_loop(way))
        results.rates[way].append(rate)

    return measure


def _burst(plan: Plan, results: Results) -> Callable[[], None]:
    def measure() -> None:
        results.burst = burst.measure(plan.reminders)

    return measure


def _carry_out(steps: Sequence[Step], results: Results) -> None:
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(steps))
        for name, measure in steps:
            progress.update(bar, description=name)
            try:
                measure()
            except (Void, BuffrSignError, TimeoutError, RedisError) as error:
                results.problems.append(f"{name}: {error}")
            progress.advance(bar)


def _judge(results: Results) -> None:
    ratio = results.ceiling_ratio()
    if ratio is not None and ratio < LEAST_CEILING:
        results.problems.append(f"the sink takes only {ratio} times what is sent: it is the sink that was measured")


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit("stopped; nothing was written")


if __name__ == "__main__":
    main()
