"""The verdict as a file for programs and a table for people."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.ledger import Fault
from tests.chaos.verdict import EVIDENCE, Findings, count_kills

MUST_BE_ZERO = (
    *("lost", "stuck", "unattributed_repeats", "repeated_effects"),
    *("ran_after_cancel", "unjust_dead_letters", "leaked_keys", "wrong_results", "ended_by_themselves"),
)


def summary(
    findings: Findings,
    faults: Sequence[Fault],
    *,
    seed: int,
    leaked: Sequence[str],
    counters_add_up: bool | None,
    wrong_results: int,
    rested: bool,
) -> dict[str, Any]:
    """The verdict, by the names that others read it by."""
    evidence = dict(findings.evidence)
    if leaked:
        evidence["leaked_keys"] = list(leaked[:EVIDENCE])
    if fallen := [f"{fault.note} at {fault.at:.3f}" for fault in faults if _ended_without_a_cause(fault, faults)]:
        evidence["ended_by_themselves"] = fallen[:EVIDENCE]
    return {
        "seed": seed,
        "jobs": findings.jobs,
        "runs": findings.runs,
        "kills": count_kills(faults),
        "faults": dict(sorted(Counter(fault.kind for fault in faults).items())),
        "lost": findings.lost,
        "stuck": findings.stuck,
        "unattributed_repeats": findings.unattributed_repeats,
        "repeated_effects": findings.repeated_effects,
        "ran_after_cancel": findings.ran_after_cancel,
        "unjust_dead_letters": findings.unjust_dead_letters,
        "wrong_results": wrong_results,
        "ended_by_themselves": len(fallen),
        "leaked_keys": len(leaked),
        "counters_add_up": counters_add_up,
        "rested": rested,
        "repeats": dict(findings.repeats),
        "ends": dict(findings.ends),
        "recovery_s": spread(findings.recovery_s),
        "failover": None,
        "stock": None,
        "evidence": evidence,
    }


def _ended_without_a_cause(end: Fault, faults: Sequence[Fault]) -> bool:
    """A program ends by itself for two causes only, both while it starts; its supervisor starts it again.

    On a read-only server it refuses to start. Celery's prefork worker ends when one of its children is killed before
    the pool is up (`did_start_ok`).
    """
    started = end.at - end.since <= _START_S
    return end.kind == "ended_by_itself" and not any(
        started
        and cause.since <= end.at <= cause.at + _NOTICED_S
        and (cause.kind == "read_only" or (cause.kind == "child" and end.note.startswith(f"{cause.note},")))
        for cause in faults
    )


_START_S = 10.0
"""A worker has started after that, on a slow machine too."""

_NOTICED_S = 1.0
"""So soon after its cause the end of a program is seen."""


def is_clean(verdict: dict[str, Any]) -> bool:
    """Whether nothing was found that must not be. A run that broke or did nothing is not clean."""
    nothing_found = all(verdict[name] == 0 for name in MUST_BE_ZERO)
    came_to_rest = verdict["rested"] and verdict["counters_add_up"] is not False
    return bool(nothing_found and came_to_rest and verdict["jobs"] and verdict["faults"])


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Median, 99th percentile and maximum, in seconds."""
    if not values:
        return None
    ordered = sorted(values)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 3) for name, part in at.items()}


def write(verdict: dict[str, Any], path: Path) -> None:
    """Write it as JSON; a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(verdict, indent=2) + "\n")
    draft.replace(path)


def show(verdict: dict[str, Any], console: Console, *, title: str) -> None:
    """The table for people, and the first cases of what was found."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("")
    for name, value in verdict.items():
        if name in {"evidence", "stock", "failover"} and not value:
            continue
        if name == "evidence":
            continue
        mark = "" if name not in MUST_BE_ZERO else "[green]as it must be[/]" if value == 0 else "[red]must be 0[/]"
        table.add_row(name, _words(value), mark)
    console.print(table)
    for finding, cases in verdict["evidence"].items():
        console.print(f"[bold]{finding}[/], the first {len(cases)}:")
        for case in cases[:5]:
            console.print(f"  {case}", markup=False, highlight=False)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(part)}" for name, part in value.items() if not isinstance(part, dict | list))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
