"""The plot for the documentation: letters a second, and what each costs the sender."""

from pathlib import Path

from benchmarks.email.plan import LABELS, Way
from benchmarks.email.report import Results
from benchmarks.engine.svg import bars

STEM = "bench-email"


def draw(results: Results, folder: Path) -> list[Path]:
    """Write one picture by the clock and one by the processor; the files written."""
    shown = [way for way in Way if way is not Way.RAW and results.per_s(way) is not None]
    per_s = [(LABELS[way], results.per_s(way) or 0.0, way is Way.OURS) for way in shown]
    cost = [(LABELS[way], 1e6 / (results.per_cpu_s(way) or 1.0), way is Way.OURS) for way in shown]
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder / f"{STEM}.svg", bars("Letters handed over by two processes", per_s, unit="/s")),
        _write(folder / f"{STEM}-cpu.svg", bars("What a letter costs its sender", cost, unit="µs CPU")),
    ]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
