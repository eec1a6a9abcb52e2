"""What was measured, as JSON for programs and as a table for people."""

import os
import platform
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.documents.ways import Way

MOST_TO_IN_PROCESS = 1.15
"""What the sandbox may cost."""

LABELS = {
    Way.IN_PROCESS: "in this process",
    Way.SANDBOX: "in a warm sandbox",
    Way.FORK: "in a fork for each file",
}


@dataclass
class Results:
    """Seconds for all files by way, one a round, and what does not count."""

    files: int
    seconds: dict[Way, list[float]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)

    def add(self, took: list[dict[Way, float]]) -> None:
        """One round, file by file."""
        for way in Way:
            self.seconds[way].append(sum(each[way] for each in took))

    def ms_per_file(self, way: Way) -> float | None:
        """The median of the rounds."""
        rounds = self.seconds.get(way)
        return 1000 * median(rounds) / self.files if rounds else None

    def ratio(self, way: Way) -> float | None:
        """To drawing in this process: the median of the rounds."""
        pairs = zip(self.seconds.get(way, []), self.seconds.get(Way.IN_PROCESS, []), strict=False)
        ratios = [mine / theirs for mine, theirs in pairs]
        return round(median(ratios), 3) if ratios else None


def judge(results: Results) -> None:
    """Note that the sandbox costs more than it may, if it does."""
    ratio = results.ratio(Way.SANDBOX)
    if ratio is not None and ratio > MOST_TO_IN_PROCESS:
        results.problems.append(f"the sandbox takes {ratio} times what this process takes; {MOST_TO_IN_PROCESS} may be")


def as_json(results: Results) -> dict[str, Any]:
    """Every figure, under the names that the project promises."""
    return {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "files": results.files,
        "sandbox_vs_in_process": results.ratio(Way.SANDBOX),
        "fork_vs_in_process": results.ratio(Way.FORK),
        "thumbnails": {
            way.value: {
                "label": LABELS[way],
                "ms_per_file": [round(1000 * seconds / results.files, 3) for seconds in rounds],
            }
            for way, rounds in results.seconds.items()
        },
        "problems": results.problems,
    }


def as_table(results: Results) -> str:
    """One row a way, and what does not count."""
    rows = [(f"first pages of {results.files} contracts", "ms/file", "to in-process")]
    for way in Way:
        ms, ratio = results.ms_per_file(way), results.ratio(way)
        if ms is not None and ratio is not None:
            rows.append((LABELS[way], f"{ms:.2f}", f"{ratio:.2f}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join([*lines, *(f"not counted: {problem}" for problem in results.problems)]) + "\n"
