"""`make corpus DIR=…`: every reader over every file of a folder, in the sandbox: `python -m evaluation.corpus DIR`."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from evaluation.corpus import judging, report
from evaluation.corpus.crew import Crew
from evaluation.corpus.found import FileFound
from evaluation.corpus.judge import present
from evaluation.corpus.judging import Judged
from evaluation.corpus.report import Result
from workers.processes import ROOT

OUTPUT = ROOT / "var" / "bench" / "corpus.json"
_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def main(arguments: list[str] | None = None) -> None:
    """Read, print, and write the JSON. Exit code 1: a worker died, an exception leaked, or the judges were not met."""
    given = _parse(arguments)
    with Progress(*_COLUMNS, console=Console(stderr=True)) as progress:
        result = read_folder(given.folder, workers=given.workers, asks_judges=given.judge, progress=progress)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(report.as_json(result), indent=1) + "\n", encoding="utf-8")
    Console().print(report.as_table(result))
    sys.exit(not result.is_right)


def read_folder(folder: Path, *, workers: int, asks_judges: bool, progress: Progress) -> Result:
    """What became of every file below the folder."""
    paths = files_below(folder)
    crew, began = Crew(str(folder), workers=min(workers, len(paths) or 1)), time.monotonic()
    bar = progress.add_task("reading", total=len(paths))
    found = []
    for each in crew.read(paths):
        found.append(each)
        progress.advance(bar)
    took_s = time.monotonic() - began
    judged = _judge(folder, found, progress) if asks_judges else None
    return Result(found, crew.dead, took_s, judged)


def files_below(folder: Path) -> list[str]:
    """Every file, by its path from the folder, in the order of the paths."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _judge(folder: Path, found: list[FileFound], progress: Progress) -> Judged:
    bar = progress.add_task("judging", total=len(judging.to_judge(folder, found)) * len(present()))
    return judging.judge(folder, found, advance=lambda: progress.advance(bar))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.corpus", description=__doc__)
    parser.add_argument("folder", type=_folder, help="whose files are read, also those in folders below")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="so many processes at a time")
    parser.add_argument("--judge", action="store_true", help="compare with pypdf, pypdfium2, pikepdf and pdfinfo")
    return parser.parse_args(arguments)


def _folder(named: str) -> Path:
    folder = Path(named)
    if not named or not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{named!r} is no folder")
    return folder


if __name__ == "__main__":
    main()
