"""The figures that the project promises, from a sheet: ours against stock Celery and against the best peer."""

from typing import Any

from benchmarks.engine.sheet import Sheet

FULL = ("ours_prefork", "ours_solo")
LIGHT = ("ours_light",)
OURS = (*FULL, *LIGHT)
STOCK = ("stock_prefork", "stock_solo")
KEEPING = ("taskiq", "dramatiq", "bullmq")
"""Peers on Redis that keep a job until it has run; huey does not, and RabbitMQ is no Redis."""

BULK = ("bullmq", "streaq", "rq", "taskiq")


def summary(sheet: Sheet) -> dict[str, Any]:
    """The promised keys; None where a part was not measured."""
    waker = _most_direct(sheet, "latency_p50_ms")
    rester = _most_direct(sheet, "idle_rss_bytes")
    return {
        "ratios": {
            "drain_full_vs_best_stock": _ratio(sheet, "drain_per_s", FULL, STOCK),
            "drain_full_vs_stock_prefork": _ratio(sheet, "drain_per_s", FULL, STOCK[:1]),
            "drain_light_vs_bullmq": _ratio(sheet, "drain_per_s", LIGHT, ("bullmq",)),
            "drain_light_vs_best_peer": _ratio(sheet, "drain_per_s", LIGHT, KEEPING),
            "drain_results_vs_stock": _ratio(sheet, "drain_results_per_s", OURS, STOCK),
            "drain_vs_stock_at_2ms": _ratio(sheet, "drain_2ms_per_s", OURS, STOCK),
            "enqueue_vs_stock": _ratio(sheet, "enqueue_per_s", OURS, STOCK),
            "enqueue_many_vs_best_peer": _ratio(sheet, "enqueue_many_per_s", OURS, BULK),
            "p50_vs_stock": _ratio(sheet, "latency_p50_ms", waker, STOCK),
            "p99_vs_stock": _ratio(sheet, "latency_p99_ms", waker, STOCK),
        },
        "latency_ms": {
            "p50": _rounded(sheet.best("latency_p50_ms", waker)),
            "p99": _rounded(sheet.best("latency_p99_ms", waker)),
        },
        "scheduled": {
            "lateness_p99_ms": _rounded(sheet.best("lateness_p99_ms", OURS, least=True)),
            "bytes_per_job": _rounded(sheet.best("bytes_scheduled", OURS, least=True)),
        },
        "idle": {
            "requests_per_s": _rounded(sheet.best("idle_requests_per_s", rester)),
            "rss_ratio_vs_stock": _ratio(sheet, "idle_rss_bytes", rester, STOCK),
        },
    }


def _most_direct(sheet: Sheet, name: str) -> tuple[str, ...]:
    """The light path where it was measured, else the full one: both sides of a ratio MUST be one configuration."""
    measured = [engine for engine in (*LIGHT, *FULL) if sheet.median(name, engine) is not None]
    return tuple(measured[:1])


def _ratio(sheet: Sheet, name: str, ours: tuple[str, ...], others: tuple[str, ...]) -> float | None:
    mine, theirs = sheet.best(name, ours), sheet.best(name, others)
    return None if mine is None or not theirs else round(mine / theirs, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
