"""What was measured, as JSON for programs and as a table for people."""

import os
import platform
from typing import Any

from benchmarks.engine import server
from benchmarks.engine.engine import Engine
from benchmarks.engine.ratios import summary
from benchmarks.engine.sheet import Sheet

COLUMNS: tuple[tuple[str, str, float], ...] = (
    ("drain_per_s", "drain /s", 1),
    ("drain_results_per_s", "results /s", 1),
    ("drain_2ms_per_s", "2.4 ms /s", 1),
    ("drain_aof_off_per_s", "no AOF /s", 1),
    ("drain_aof_always_per_s", "always /s", 1),
    ("enqueue_per_s", "enqueue /s", 1),
    ("enqueue_many_per_s", "bulk /s", 1),
    ("latency_p50_ms", "p50 ms", 1),
    ("latency_p99_ms", "p99 ms", 1),
    ("lateness_p50_ms", "late p50", 1),
    ("lateness_p99_ms", "late p99", 1),
    ("bytes_scheduled", "scheduled B", 1),
    ("bytes_ready", "ready B", 1),
    ("bytes_leased", "leased B", 1),
    ("bytes_dead", "dead B", 1),
    ("requests_per_job", "req/job", 1),
    ("redis_cpu_us_per_job", "CPU µs/job", 1),
    ("idle_requests_per_s", "idle req/s", 1),
    ("idle_rss_bytes", "idle MiB", 1 / 2**20),
)
"""Name of the figure, head of its column, and what it is multiplied by there."""


def as_json(sheet: Sheet, engines: tuple[Engine, ...], *, quick: bool, proxy: dict[str, float]) -> dict[str, Any]:
    """Every figure, under the names that the project promises."""
    return {
        "quick": quick,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "server": server.version(),
        **summary(sheet),
        "ours": {engine.name: _figures(sheet, engine) for engine in engines if engine.is_ours},
        "peers": {engine.name: _figures(sheet, engine) for engine in engines if not engine.is_ours},
        "proxy": proxy,
        "absent": sheet.absent,
        "problems": [{"measure": each.measure, "engine": each.engine, "why": each.why} for each in sheet.problems],
        "skipped_steps": sheet.skipped,
    }


def as_table(sheet: Sheet, engines: tuple[Engine, ...]) -> str:
    """One row an engine; a dash where nothing was measured. Then the ratios, and what is missing."""
    shown = [
        column for column in COLUMNS if any(sheet.median(column[0], engine.name) is not None for engine in engines)
    ]
    rows = [("", *(head for _, head, _ in shown))]
    rows += [
        (engine.label, *(_cell(sheet.median(name, engine.name), scale) for name, _, scale in shown))
        for engine in engines
        if engine.name not in sheet.absent
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    ]
    facts = [
        f"{name}: {'not measured' if value is None else value}"
        for part in summary(sheet).values()
        for name, value in part.items()
    ]
    missing = [f"absent: {name}: {why}" for name, why in sheet.absent.items()]
    void = [f"not counted: {each.measure} of {each.engine}: {each.why}" for each in sheet.problems]
    late = [f"out of time: {sheet.skipped} steps were left out"] if sheet.skipped else []
    return "\n".join([*lines, "", *facts, *missing, *void, *late]) + "\n"


def _figures(sheet: Sheet, engine: Engine) -> dict[str, Any]:
    values = {name: sheet.median(name, engine.name) for name, _, _ in COLUMNS}
    found: dict[str, Any] = {name: round(value, 2) for name, value in values.items() if value is not None}
    return {"label": engine.label, **({"note": engine.note} if engine.note else {}), **found}


def _cell(value: float | None, scale: float) -> str:
    if value is None:
        return "-"
    value *= scale
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
