"""Ours beside stock Celery and peers on this machine: `python -m benchmarks.engine [--quick]`."""

import argparse
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from subprocess import TimeoutExpired
from types import FrameType

from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.engine import pictures, rabbit, report
from benchmarks.engine.engine import Broker, Engine, Measure
from benchmarks.engine.engines import ENGINES
from benchmarks.engine.far import proxy_limits
from benchmarks.engine.homes import VAR, Absent, Place, prepare
from benchmarks.engine.measuring import measure
from benchmarks.engine.plan import FULL, QUICK, Plan, Step, steps
from benchmarks.engine.sheet import Problem, Sheet
from benchmarks.engine.stage import Void, forget_loads
from workers.processes import ROOT, ProcessDied

OUTPUT = VAR / "engine.json"
PICTURES = ROOT / "docs" / "pictures"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write `var/bench/engine.json` and the plots. Exit code 1: one of our runs does not count."""
    given = _parse(arguments)
    signal.signal(signal.SIGTERM, _stop)
    plan = QUICK if given.quick else FULL
    if given.minutes:
        plan = replace(plan, budget_s=60 * given.minutes)
    engines, measures = _chosen(given.only)
    sheet = Sheet()
    try:
        _carry_out(plan, engines, measures, sheet)
        proxy = proxy_limits() if Measure.DRAIN_FAR in measures else {}
    finally:
        forget_loads()
    found = report.as_json(sheet, engines, quick=given.quick, proxy=proxy)
    _write(found, given.output)
    if given.pictures:
        pictures.draw(sheet, engines, given.pictures)
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else report.as_table(sheet, engines))
    ours = {engine.name for engine in engines if engine.is_ours}
    sys.exit(any(each.engine in ours for each in sheet.problems))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small run of each, 5 minutes at most")
    parser.add_argument("--minutes", type=float, help="begin no step after so long; what is left out is counted")
    parser.add_argument("--only", default="", help="engines or measures, with commas: ours_solo,drain,enqueue")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    parser.add_argument("--pictures", type=Path, help=f"write the plots into this folder, such as {PICTURES.name}")
    return parser.parse_args(arguments)


def _chosen(only: str) -> tuple[tuple[Engine, ...], frozenset[Measure]]:
    """The engines and measures that are named; all of a sort of which none is."""
    names = {name.strip() for name in only.split(",") if name.strip()}
    known = {engine.name for engine in ENGINES} | set(Measure)
    if unknown := names - known:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; known are: {', '.join(sorted(known))}")
    engines = tuple(engine for engine in ENGINES if engine.name in names) or ENGINES
    return engines, frozenset(each for each in Measure if each in names) or frozenset(Measure)


def _carry_out(plan: Plan, engines: tuple[Engine, ...], measures: frozenset[Measure], sheet: Sheet) -> None:
    console = Console(stderr=True)
    places = _places(engines, sheet, console)
    todo = [step for step in steps(plan, engines, measures) if step.engine.name in places]
    started = time.monotonic()
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(todo))
        for step in todo:
            progress.update(bar, description=f"{step.measure}: {step.engine.label}")
            if time.monotonic() - started > plan.budget_s:
                sheet.skipped += 1
            else:
                _try(step, places[step.engine.name], plan, sheet, console)
            progress.advance(bar)


def _try(step: Step, place: Place, plan: Plan, sheet: Sheet, console: Console) -> None:
    started = time.monotonic()
    try:
        measure(step, place, plan, sheet)
    except (Void, ProcessDied, TimeoutError, TimeoutExpired, RedisError) as error:
        sheet.problems.append(Problem(step.measure, step.engine.name, str(error)))
        console.print(f"[red]{step.measure} of {step.engine.name} does not count:[/red] {error}", highlight=False)
    if not console.is_terminal:
        took_s = time.monotonic() - started
        console.print(f"{step.measure} of {step.engine.name}, run {step.run + 1}: {took_s:.1f} s", highlight=False)


def _places(engines: tuple[Engine, ...], sheet: Sheet, console: Console) -> dict[str, Place]:
    """Where each engine lives; those that cannot be had are absent."""
    found: dict[str, Place] = {}
    with console.status("installing the peers"):
        for engine in engines:
            try:
                if engine.broker is Broker.RABBITMQ:
                    rabbit.require_program()
                found[engine.name] = prepare(engine.home)
            except Absent as absent:
                sheet.absent[engine.name] = str(absent)
    return found


def _write(found: dict[str, object], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit("stopped; nothing was written")


if __name__ == "__main__":
    main()
