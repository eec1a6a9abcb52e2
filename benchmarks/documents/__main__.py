"""What the sandbox costs on this machine: `python -m benchmarks.documents [--quick]`."""

import argparse
import gc
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.documents import report
from benchmarks.documents.contracts import contracts
from benchmarks.documents.report import Results
from benchmarks.documents.ways import Void, Way, Ways, drawing, measure
from buffrsign.documents.sandbox import Sandbox, SandboxBroken
from workers.processes import ROOT

OUTPUT = ROOT / "var" / "bench" / "documents.json"
FILES, QUICK_FILES = 48, 12
ROUNDS, QUICK_ROUNDS = 9, 3


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write `var/bench/documents.json`. Exit code 1: something does not count or costs too much."""
    given = _parse(arguments)
    results = Results(given.files or (QUICK_FILES if given.quick else FILES))
    _carry_out(results, given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS))
    report.judge(results)
    found = report.as_json(results)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else report.as_table(results))
    sys.exit(bool(results.problems))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few files and rounds: for a first look only")
    parser.add_argument("--files", type=int, help=f"so many different contracts (default {FILES})")
    parser.add_argument("--rounds", type=int, help=f"draw all of them so often, each way in turn (default {ROUNDS})")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    return parser.parse_args(arguments)


def _carry_out(results: Results, rounds: int) -> None:
    """Each file in every way, in turns; what is loaded by the first drawing is not measured."""
    files = contracts(results.files)
    sandbox = Sandbox()
    ways = {way: drawing(way, sandbox) for way in Way}
    pictures = [ways[Way.IN_PROCESS](data) for data in files]
    sandbox.capabilities()
    gc.collect()
    gc.freeze()  # as workers do
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    # No thread refreshes the bar: it would be measured too, and forks and threads do not mix.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as progress:
        bar = progress.add_task("", total=rounds)
        for number in range(rounds):
            progress.update(bar, description=f"round {number + 1}", refresh=True)
            try:
                turned = _turned(ways, number)
                results.add([measure(turned, data, picture) for data, picture in zip(files, pictures, strict=True)])
            except (Void, SandboxBroken) as error:
                results.problems.append(f"round {number + 1}: {error}")
            progress.advance(bar)
    sandbox.close()


def _turned(ways: Ways, number: int) -> Ways:
    """The ways in another order each round: whoever comes later finds the file in the processor's cache."""
    first = number % len(ways)
    items = list(ways.items())
    return dict(items[first:] + items[:first])


if __name__ == "__main__":
    main()
