"""What was measured, as JSON for programs and as a table for people."""

import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.documents.encodings import Encoding
from benchmarks.documents.ways import PROGRAMS, Took, Way

MOST_TO_IN_PROCESS = 1.15
"""What the sandbox may cost, by the clock."""

LEAST_SPEED = {Way.PYPDFIUM2: 0.85, Way.MUTOOL: 1.5, Way.PDFTOPPM: 4.0}
"""How many times as fast as these the sandbox must be, in processor time."""

LABELS = {
    Way.IN_PROCESS: "in this process",
    Way.SANDBOX: "in a warm sandbox",
    Way.FORK: "in a fork for each file",
    Way.WEBP: "in a warm sandbox, as WebP",
    Way.PYPDFIUM2: "bare pypdfium2 in this process",
    Way.MUTOOL: "mutool draw for each file",
    Way.PDFTOPPM: "pdftoppm for each file",
}


@dataclass
class Results:
    """What all files took by way, once a round, and what does not count."""

    files: int
    took: dict[Way, list[Took]] = field(default_factory=lambda: defaultdict(list))
    left_out: list[str] = field(default_factory=list)
    encodings: list[Encoding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, took: Sequence[dict[Way, Took]]) -> None:
        """One round, file by file."""
        for way in took[0]:
            self.took[way].append(Took(sum(each[way].wall_s for each in took), sum(each[way].cpu_s for each in took)))

    def ms_per_file(self, way: Way) -> Took:
        """The medians of the rounds, in milliseconds."""
        walls, cpus = zip(*self.took[way], strict=True)
        return Took(1000 * median(walls) / self.files, 1000 * median(cpus) / self.files)

    def wall_ratio(self, way: Way) -> float | None:
        """How long it takes by the clock, to drawing in this process: the median of the rounds."""
        pairs = zip(self.took.get(way, []), self.took.get(Way.IN_PROCESS, []), strict=False)
        return _median([mine.wall_s / theirs.wall_s for mine, theirs in pairs])

    def speed(self, way: Way, *, to: Way) -> float | None:
        """How many times as fast it is as another, in processor time: the median of the rounds."""
        pairs = zip(self.took.get(way, []), self.took.get(to, []), strict=False)
        return _median([theirs.cpu_s / mine.cpu_s for mine, theirs in pairs])


def _median(ratios: list[float]) -> float | None:
    return round(median(ratios), 3) if ratios else None


def judge(results: Results) -> None:
    """Note what costs more than it may."""
    ratio = results.wall_ratio(Way.SANDBOX)
    if ratio is not None and ratio > MOST_TO_IN_PROCESS:
        results.problems.append(f"the sandbox takes {ratio} times what this process takes; {MOST_TO_IN_PROCESS} may be")
    for way, least in LEAST_SPEED.items():
        speed = results.speed(Way.SANDBOX, to=way)
        if speed is not None and speed < least:
            results.problems.append(f"the sandbox is {speed} times as fast as {LABELS[way]}; {least} must be")


def absent(results: Results) -> list[str]:
    """The programs that this machine does not have."""
    return [way.value for way in PROGRAMS if results.took and way not in results.took]


def as_json(results: Results) -> dict[str, Any]:
    """Every figure, under the names that the project promises. Two are of times, those after them of speeds."""
    return {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "files": results.files,
        "left_out": results.left_out,
        "absent": absent(results),
        "sandbox_vs_in_process": results.wall_ratio(Way.SANDBOX),
        "fork_vs_in_process": results.wall_ratio(Way.FORK),
        "thumbnails_vs_pypdfium2": results.speed(Way.SANDBOX, to=Way.PYPDFIUM2),
        "thumbnails_vs_mutool": results.speed(Way.SANDBOX, to=Way.MUTOOL),
        "thumbnails_vs_pdftoppm": results.speed(Way.SANDBOX, to=Way.PDFTOPPM),
        "webp_vs_png": results.speed(Way.WEBP, to=Way.SANDBOX),
        "thumbnails": {way.value: _of_way(way, results) for way in results.took},
        "encodings": [encoding._asdict() for encoding in results.encodings],
        "problems": results.problems,
    }


def _of_way(way: Way, results: Results) -> dict[str, Any]:
    return {
        "label": LABELS[way],
        "ms_per_file": [round(1000 * took.wall_s / results.files, 3) for took in results.took[way]],
        "cpu_ms_per_file": [round(1000 * took.cpu_s / results.files, 3) for took in results.took[way]],
    }


def as_table(results: Results) -> str:
    """One row a way, one a setting, and what does not count."""
    rows = [(f"first pages of {results.files} contracts", "ms/file", "CPU ms/file", "sandbox's speed")]
    for way in results.took:
        wall_ms, cpu_ms = results.ms_per_file(way)
        speed = results.speed(Way.SANDBOX, to=way)
        rows.append((LABELS[way], f"{wall_ms:.2f}", f"{cpu_ms:.2f}", f"{speed:.2f}"))
    for size in dict.fromkeys(each.size for each in results.encodings):
        rows += [("", "", "", ""), (f"encoding a {size}", "", "CPU ms", "bytes")]
        of_size = (each for each in results.encodings if each.size == size)
        rows += [(_named(each), "", f"{each.ms:.2f}", f"{each.bytes:,}") for each in of_size]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    notes = [
        *(f"absent: {program}" for program in absent(results)),
        *(f"left out: {file}" for file in results.left_out),
        *(f"not counted: {problem}" for problem in results.problems),
    ]
    return "\n".join([*lines, *notes]) + "\n"


def _named(encoding: Encoding) -> str:
    return f"{encoding.name} (ours)" if encoding.chosen else encoding.name
