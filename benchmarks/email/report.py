"""What was measured, as JSON for programs and as a table for people."""

import os
import platform
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.email.burst import Burst
from benchmarks.email.plan import BASELINE, LABELS, Way
from benchmarks.email.stage import Rate

LEAST_CEILING = 2.0
"""The sink takes at least so many times what anybody sends, or it is the sink that is measured."""


@dataclass
class Results:
    """The rates of each way, one a round, the burst, and what does not count."""

    rates: dict[Way, list[Rate]] = field(default_factory=lambda: defaultdict(list))
    burst: Burst | None = None
    problems: list[str] = field(default_factory=list)

    def per_s(self, way: Way) -> float | None:
        """Letters in a second of the clock: the median of the rounds."""
        return self._median(way, lambda rate: rate.per_s)

    def per_cpu_s(self, way: Way) -> float | None:
        """Letters in a second of the senders' processor time: the median of the rounds."""
        return self._median(way, lambda rate: rate.per_cpu_s)

    def ratio(self, baseline: Way = BASELINE) -> float | None:
        """Ours to a loop, by the clock."""
        return _ratio(self.per_s(Way.OURS), self.per_s(baseline))

    def ratio_cpu(self, baseline: Way = BASELINE) -> float | None:
        """Ours to a loop, by the senders' processors."""
        return _ratio(self.per_cpu_s(Way.OURS), self.per_cpu_s(baseline))

    def ceiling_ratio(self) -> float | None:
        """What the sink can take to the fastest that was measured beside it."""
        sent = [rate for way in Way if way is not Way.RAW and (rate := self.per_s(way)) is not None]
        return _ratio(self.per_s(Way.RAW), max(sent, default=None))

    def _median(self, way: Way, figure: Callable[[Rate], float]) -> float | None:
        rates = self.rates.get(way)
        return median(figure(rate) for rate in rates) if rates else None


def as_json(results: Results, *, quick: bool) -> dict[str, Any]:
    """Every figure, under the names that the project promises."""
    burst = results.burst
    return {
        "quick": quick,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "handover_vs_smtplib": results.ratio(),
        "handover_vs_smtplib_cpu": results.ratio_cpu(),
        "sink_ceiling_ratio": results.ceiling_ratio(),
        "burst": burst
        and {
            "sent": burst.sent,
            "refused": burst.refused,
            "peak_connections": burst.peak_connections,
            "lasted_s": round(burst.lasted_s, 1),
        },
        "to_other_loops": {
            way.value: {"handover": results.ratio(way), "handover_cpu": results.ratio_cpu(way)}
            for way in (Way.MIMETEXT, Way.OUR_WRITER)
        },
        "rates": {
            way.value: {
                "label": LABELS[way],
                "per_s": [round(rate.per_s, 1) for rate in rates],
                "cpu_us_per_letter": [round(1e6 / rate.per_cpu_s) for rate in rates],
            }
            for way, rates in results.rates.items()
        },
        "problems": results.problems,
    }


def as_table(results: Results) -> str:
    """One row a way; then the ratios, the burst, and what does not count."""
    rows: list[tuple[str, ...]] = [("", "letters /s", "CPU µs/letter", "ours to it", "by CPU")]
    for way in Way:
        per_s, per_cpu_s = results.per_s(way), results.per_cpu_s(way)
        if per_s is None or per_cpu_s is None:
            continue
        is_loop = way not in {Way.OURS, Way.RAW}
        ratios = (results.ratio(way), results.ratio_cpu(way)) if is_loop else (None, None)
        rows.append((LABELS[way], f"{per_s:,.0f}", f"{1e6 / per_cpu_s:,.0f}", *map(_cell, ratios)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    facts = [f"the sink takes {_cell(results.ceiling_ratio())} times what the fastest of them sends"]
    if (burst := results.burst) is not None:
        facts.append(
            f"burst: {burst.sent} sent, {burst.refused} refused, {burst.peak_connections} connections at most, "
            f"{burst.lasted_s:.1f} s"
        )
    return "\n".join([*lines, "", *facts, *(f"not counted: {problem}" for problem in results.problems)]) + "\n"


def _ratio(mine: float | None, theirs: float | None) -> float | None:
    return None if mine is None or not theirs else round(mine / theirs, 2)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
