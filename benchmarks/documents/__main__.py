"""What a first page's picture costs on this machine: `python -m benchmarks.documents [FOLDER] [--quick]`."""

import argparse
import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.documents import report
from benchmarks.documents.contracts import contracts, contracts_in
from benchmarks.documents.encodings import encodings
from benchmarks.documents.processor import SandboxClock
from benchmarks.documents.report import Results
from benchmarks.documents.ways import Void, Way, Ways, check, measure, ways
from buffrsign.documents.sandbox import Sandbox, SandboxBroken
from workers.processes import ROOT

OUTPUT = ROOT / "var" / "bench" / "documents.json"
FILES, QUICK_FILES = 48, 12
ROUNDS, QUICK_ROUNDS = 9, 3
ENCODED, QUICK_ENCODED = 24, 4


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write `var/bench/documents.json`. Exit code 1: something does not count or costs too much."""
    given = _parse(arguments)
    most = given.files or (QUICK_FILES if given.quick else FILES)
    files = contracts_in(given.folder)[: given.files] if given.folder else contracts(most)
    with _sandbox() as sandbox, TemporaryDirectory() as folder:
        results = _carry_out(
            files,
            ways(sandbox, Path(folder)),
            SandboxClock(sandbox),
            rounds=given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS),
            encoded=QUICK_ENCODED if given.quick else ENCODED,
        )
    report.judge(results)
    found = report.as_json(results)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else report.as_table(results))
    sys.exit(bool(results.problems))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of PDFs to draw; without one, contracts are made up")
    parser.add_argument("--quick", action="store_true", help="few files and rounds: for a first look only")
    parser.add_argument("--files", type=int, help=f"so many different contracts (default {FILES}; all of a folder)")
    parser.add_argument("--rounds", type=int, help=f"draw all of them so often, each way in turn (default {ROUNDS})")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    return parser.parse_args(arguments)


@contextmanager
def _sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    try:
        yield sandbox
    finally:
        sandbox.close()


def _carry_out(files: list[bytes], of: Ways, clock: SandboxClock, *, rounds: int, encoded: int) -> Results:
    """Each file in every way, in turns; what is loaded by the first drawing is not measured."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    # No thread refreshes the bar: it would be measured too, and forks and threads do not mix.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as progress:
        bar = progress.add_task("", total=rounds + 2)
        progress.update(bar, description="each file once", refresh=True)
        drawable, left_out = _drawn_once(files, of)
        results = Results(len(drawable), left_out=left_out)
        progress.update(bar, advance=1, description="settings of PNG and WebP", refresh=True)
        results.encodings = list(encodings(list(drawable)[:encoded]))
        gc.collect()
        gc.freeze()  # as workers do
        for number in range(rounds):
            progress.update(bar, advance=1, description=f"round {number + 1}", refresh=True)
            try:
                turned = _turned(of, number)
                results.add([measure(turned, data, picture, clock) for data, picture in drawable.items()])
            except (Void, SandboxBroken) as error:
                results.problems.append(f"round {number + 1}: {error}")
        progress.update(bar, advance=1, refresh=True)
    return results


def _drawn_once(files: list[bytes], of: Ways) -> tuple[dict[bytes, bytes], list[str]]:
    """The files that every way can draw, each with our picture, and why the others are left out, by their SHA-256."""
    drawable, left_out = {}, []
    for data in files:
        try:
            picture = of[Way.IN_PROCESS](data)
            for way, draw in of.items():
                check(way, draw(data), picture)
        except (Void, pypdfium2.PdfiumError) as error:
            left_out.append(f"{sha256(data).hexdigest()}: {error}")
        else:
            drawable[data] = picture
    return drawable, left_out


def _turned(of: Ways, number: int) -> Ways:
    """The ways in another order each round: whoever comes later finds the file in the processor's cache."""
    first = number % len(of)
    items = list(of.items())
    return dict(items[first:] + items[:first])


if __name__ == "__main__":
    main()
