"""The chaos run's report: one word for all of it, which is clean only if nothing was found."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.chaos import report
from tests.chaos.ledger import Fault
from tests.chaos.verdict import Findings

FAULTS = [Fault(kind=kind, since=1, at=2, processes=(9,)) for kind in ("kill", "kill", "scheduler")]


def verdict(**changes: Any) -> dict[str, Any]:
    findings = Findings(jobs=10)
    made = report.summary(findings, FAULTS, seed=7, leaked=[], counters_add_up=True, wrong_results=0, rested=True)
    return {**made, **changes}


def test_a_run_without_findings_is_clean():
    assert report.is_clean(verdict())


@pytest.mark.parametrize("finding", report.MUST_BE_ZERO)
def test_a_single_finding_of_any_kind_is_not_clean(finding: str):
    assert not report.is_clean(verdict(**{finding: 1}))


@pytest.mark.parametrize(
    "change",
    [{"counters_add_up": False}, {"rested": False}, {"jobs": 0}, {"faults": {}}],
    ids=lambda change: next(iter(change)),
)
def test_a_run_that_proves_nothing_is_not_clean(change: dict[str, Any]):
    assert not report.is_clean(verdict(**change))


def test_kills_are_those_of_processes_that_run_jobs():
    made = verdict()

    assert (made["kills"], made["faults"]) == (2, {"kill": 2, "scheduler": 1})


@pytest.mark.parametrize("cause", [("read_only", ""), ("child", "prefork-1")], ids=lambda cause: cause[0])
@pytest.mark.parametrize(
    ("started_at", "ended_at", "name", "counts"),
    [
        (9.0, 10.5, "prefork-1", 0),
        (1.0, 30.0, "prefork-1", 1),  # nothing happened then
        (1.0, 15.0, "prefork-1", 1),  # it had long started
    ],
)
def test_a_program_that_ended_by_itself_is_excused_by_what_kept_it_from_starting(
    cause: tuple[str, str], started_at: float, ended_at: float, name: str, counts: int
):
    kind, of_whom = cause
    end = Fault(kind="ended_by_itself", since=started_at, at=ended_at, note=f"{name}, code 1")
    broken = Fault(kind=kind, since=10.4, at=10.4 if kind == "child" else 14.5, note=of_whom)

    assert ended_by_themselves(end, broken) == counts


def test_a_killed_child_excuses_no_other_worker():
    end = Fault(kind="ended_by_itself", since=9, at=10.5, note="prefork-2, code 1")

    assert ended_by_themselves(end, Fault(kind="child", since=10.4, at=10.4, note="prefork-1")) == 1


def ended_by_themselves(*faults: Fault) -> Any:
    return report.summary(
        Findings(jobs=10), faults, seed=7, leaked=[], counters_add_up=True, wrong_results=0, rested=True
    )["ended_by_themselves"]


def test_the_spread_of_nothing_is_nothing():
    assert report.spread([]) is None
    assert report.spread([3.0, 1.0, 2.0]) == {"p50": 2.0, "p99": 3.0, "max": 3.0}


def test_the_verdict_is_kept_for_programs_and_shown_to_people(tmp_path: Path):
    shown = io.StringIO()
    made = verdict(lost=1, evidence={"lost": ["a (quick, 0 runs) was accepted and never performed"]})

    report.write(made, tmp_path / "deep" / "verdict.json")
    report.show(made, Console(file=shown, width=120), title="Verdict")

    assert json.loads((tmp_path / "deep" / "verdict.json").read_text()) == made
    assert "must be 0" in shown.getvalue()
    assert "a (quick, 0 runs) was accepted and never performed" in shown.getvalue()
