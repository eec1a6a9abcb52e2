"""What was measured: one list of figures for each name and engine, and what could not be measured, and why."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.engine.lateness import percentile


@dataclass(frozen=True)
class Problem:
    """A measurement that does not count."""

    measure: str
    engine: str
    why: str


@dataclass
class Sheet:
    """`figures`: name → engine → one value a run. `samples`: name → engine → milliseconds, of all runs together."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    samples: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    absent: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0

    def add(self, name: str, engine: str, value: float | None) -> None:
        """One run's figure; None is no figure."""
        if value is not None:
            self.figures[name][engine].append(value)

    def extend(self, name: str, engine: str, values: list[float]) -> None:
        """One run's samples."""
        self.samples[name][engine].extend(values)

    def median(self, name: str, engine: str) -> float | None:
        """The median of its runs, or of one percentile of all its samples: `latency_p99_ms`."""
        if values := self.figures.get(name, {}).get(engine):
            return statistics.median(values)
        kind, _, rest = name.partition("_p")
        percent = rest.removesuffix("_ms")
        samples = self.samples.get(kind, {}).get(engine, [])
        if percent.isdigit() and len(samples) > 1:
            return percentile(samples, int(percent))
        return None

    def best(self, name: str, engines: tuple[str, ...], *, least: bool = False) -> float | None:
        """The best median of these engines; None if none was measured."""
        found = [value for engine in engines if (value := self.median(name, engine)) is not None]
        if not found:
            return None
        return min(found) if least else max(found)
