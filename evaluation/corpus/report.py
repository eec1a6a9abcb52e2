"""What became of a folder: as JSON for programs, and as a table for people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import msgspec
from rich.console import Group
from rich.table import Table

from buffrsign.documents.sandbox import Limits
from evaluation.corpus.found import BROKEN, LEAKED, OK, FileFound
from evaluation.corpus.judging import Judged
from evaluation.corpus.steps import STEPS

_SLOWEST = 10


@dataclass(frozen=True)
class Result:
    """All of a folder. `dead`: worker processes that died."""

    found: Sequence[FileFound]
    dead: int
    seconds: float
    judged: Judged | None = None

    @property
    def dead_workers(self) -> int:
        """Processes of ours that died over a file: workers, and zygotes."""
        return self.dead + sum(outcome == BROKEN for each in self.found for outcome in each.steps.values())

    @property
    def leaked_exceptions(self) -> int:
        """Exceptions that came out of the sandbox."""
        return sum(outcome.startswith(LEAKED) for each in self.found for outcome in each.steps.values())

    @property
    def crashed_children(self) -> int:
        """Children that ended over a file, or had to be ended."""
        return sum(each.crashed_children for each in self.found)

    @property
    def is_right(self) -> bool:
        """Whether nothing happened that MUST NOT, and the judges were met."""
        return not self.dead_workers and not self.leaked_exceptions and (self.judged is None or self.judged.is_right)


def as_json(result: Result) -> dict[str, Any]:
    """Every figure, under the names that the project promises."""
    ms = [each.ms for each in result.found]
    return {
        "files": len(result.found),
        "crashed_children": result.crashed_children,
        "dead_workers": result.dead_workers,
        "leaked_exceptions": result.leaked_exceptions,
        "outcomes": outcomes(result.found),
        "step_outcomes": {name: dict(counts) for name, counts in by_step(result.found).items()},
        "converted": converted(result.found),
        "ms": {"median": round(median(ms), 2), "p99": round(_p99(ms), 2), "most": max(ms)} if ms else None,
        "peak_mb": max((each.peak_mb for each in result.found), default=0.0),
        "seconds": round(result.seconds, 1),
        "limits": msgspec.to_builtins(Limits()),
        "judge": None if result.judged is None else result.judged.as_json(),
        "per_file": [msgspec.to_builtins(each) for each in sorted(result.found, key=lambda each: each.path)],
    }


def outcomes(found: Sequence[FileFound]) -> dict[str, int]:
    """How many files ended so, the most first."""
    return dict(Counter(each.outcome for each in found).most_common())


def by_step(found: Sequence[FileFound]) -> dict[str, Counter[str]]:
    """The same for each step."""
    return {name: Counter(each.steps[name] for each in found if name in each.steps) for name in STEPS}


def as_table(result: Result) -> Group:
    """Outcomes by step, the slowest files, and what else is to be known."""
    made = [_converted(result)] if any(each.converted_from for each in result.found) else []
    return Group(_outcomes(result), *made, _slowest(result), *_sentences(result))


def _outcomes(result: Result) -> Table:
    steps = by_step(result.found)
    table = Table(title=f"{len(result.found):,} files in {result.seconds:.0f} s", title_justify="left")
    table.add_column("outcome")
    for name in ("file", *steps):
        table.add_column(name, justify="right")
    files = Counter(outcomes(result.found))
    for outcome in sorted(set(files).union(*steps.values()), key=lambda each: (each != OK, -files[each], each)):
        table.add_row(outcome, *(f"{counts[outcome]:,}" for counts in (files, *steps.values())))
    return table


def converted(found: Sequence[FileFound]) -> dict[str, dict[str, float]]:
    """Of the files that became PDFs first, by what they were: how many, and what all steps took."""
    kinds = Counter(each.converted_from for each in found if each.converted_from)
    return {
        kind: {
            "files": count,
            "ms_median": round(median(each.ms for each in found if each.converted_from == kind)),
            "ms_most": round(max(each.ms for each in found if each.converted_from == kind)),
            "peak_mb": round(max(each.peak_mb for each in found if each.converted_from == kind)),
        }
        for kind, count in sorted(kinds.items())
    }


def _converted(result: Result) -> Table:
    table = Table(title="made into PDFs first, and read as such", title_justify="left")
    table.add_column("from")
    for name in ("files", "median ms", "most ms", "most MiB"):
        table.add_column(name, justify="right")
    for kind, figures in converted(result.found).items():
        table.add_row(kind, *(f"{figure:,}" for figure in figures.values()))
    return table


def _slowest(result: Result) -> Table:
    table = Table(title="slowest", title_justify="left")
    for name in ("file", "outcome"):
        table.add_column(name, overflow="fold")
    for name in ("ms", "MiB"):
        table.add_column(name, justify="right")
    for each in sorted(result.found, key=lambda each: -each.ms)[:_SLOWEST]:
        table.add_row(each.path, each.outcome, f"{each.ms:,.0f}", f"{each.peak_mb:.0f}")
    return table


def _sentences(result: Result) -> list[str]:
    hungriest = max(result.found, key=lambda each: each.peak_mb, default=None)
    lines = [
        f"crashed children {result.crashed_children}, dead workers {result.dead_workers}, "
        f"leaked exceptions {result.leaked_exceptions}"
    ]
    if hungriest is not None:
        lines.append(f"peak memory {hungriest.peak_mb:.0f} MiB over idle, by {hungriest.path}")
    return lines + ([] if result.judged is None else result.judged.as_lines())


def _p99(ms: Sequence[float]) -> float:
    return quantiles(ms, n=100, method="inclusive")[98] if len(ms) > 1 else ms[0]
