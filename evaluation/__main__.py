"""How right fields and analysis are, on the labelled files below a folder: `python -m evaluation DATA`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from evaluation.analysis import measure as analysis
from evaluation.fields import measure as fields
from evaluation.floors import fallen, recorded
from evaluation.section import Section
from workers.processes import ROOT

OUTPUT = ROOT / "var" / "bench" / "eval.json"
Measure = Callable[..., Section]
SECTIONS: dict[str, Measure] = {"fields": fields.measure, "analysis": analysis.measure}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write `var/bench/eval.json`. Exit code 1: a figure fell, or could not be measured."""
    given = _parse(arguments)
    if not given.data.is_dir():
        sys.exit(f"{given.data} is no folder; name the one that holds the labelled files")
    chosen = [given.only] if given.only else list(SECTIONS)
    sections = _measured(chosen, given.data)
    floors = recorded()
    problems = [problem for each in sections for problem in [*each.problems, *fallen(each, floors.get(each.name, {}))]]
    found = {**{each.name: each.figures for each in sections}, "problems": problems}
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if given.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        _print(sections, problems)
    sys.exit(bool(problems))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder below which the labelled files lie, wherever")
    parser.add_argument("--only", choices=list(SECTIONS), help="this part alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON goes")
    return parser.parse_args(arguments)


def _measured(chosen: list[str], data: Path) -> list[Section]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        return [SECTIONS[name](data, progress=progress) for name in chosen]


def _print(sections: list[Section], problems: list[str]) -> None:
    console = Console()
    for section in sections:
        for table in section.tables:
            console.print(table)
    for problem in problems:
        console.print(f"[red]{problem}[/]")


if __name__ == "__main__":
    main()
