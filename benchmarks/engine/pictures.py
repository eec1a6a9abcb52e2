"""The plots for the documentation: bars for each measure, and how late jobs begin."""

from pathlib import Path

from benchmarks.engine.engine import Engine
from benchmarks.engine.sheet import Sheet
from benchmarks.engine.svg import bars, curves

BARS = (
    ("drain_per_s", "bench-drain", "Draining on 2 cores", "jobs/s"),
    ("drain_results_per_s", "bench-results", "Draining on 2 cores, results kept", "jobs/s"),
    ("drain_2ms_per_s", "bench-far", "Draining with the server 2.4 ms away", "jobs/s"),
    ("enqueue_per_s", "bench-enqueue", "Enqueueing one by one, one connection", "jobs/s"),
    ("enqueue_many_per_s", "bench-bulk", "Enqueueing in bulk", "jobs/s"),
    ("bytes_scheduled", "bench-bytes", "A scheduled job in Redis", "bytes"),
)
CURVES = (
    ("latency", "bench-latency", "From enqueue to start at 25 jobs/s"),
    ("lateness", "bench-lateness", "2,000 jobs due at the same moment"),
)


def draw(sheet: Sheet, engines: tuple[Engine, ...], folder: Path) -> list[Path]:
    """Write one picture for each measure that at least two engines have; the files written."""
    written = []
    for name, stem, title, unit in BARS:
        found = [(each, sheet.median(name, each.name)) for each in engines]
        rows = [(each.label, value, each.is_ours) for each, value in found if value is not None]
        if len(rows) > 1:
            written.append(_write(folder / f"{stem}.svg", bars(title, rows, unit=unit)))
    for name, stem, title in CURVES:
        samples = sheet.samples.get(name, {})
        series = {each.label: samples[each.name] for each in engines if samples.get(each.name)}
        if len(series) > 1:
            text = curves(title, series, x_label="milliseconds until the task's first line")
            written.append(_write(folder / f"{stem}.svg", text))
    return written


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
