"""What the ledger and what is left in the broker say together: was anything lost, stuck, or done twice?

Pure: facts in, verdict out. A job that was accepted must have had its effect, or have been taken back, or be a dead
letter for a reason that the ledger shows.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.attribution import KILLS, Faults, Run
from tests.chaos.ledger import (
    Accepted,
    AnyEntry,
    Cancelled,
    Doubtful,
    Failed,
    Fault,
    JobEntry,
    Performed,
    Settled,
    Started,
)

FATAL_CRASHES = 3
FINAL = frozenset({"done", "dead", "cancelled"})
EVIDENCE = 25
"""How many cases of each finding are told in full."""


@dataclass(frozen=True)
class Leftovers:
    """What the broker holds when all is quiet: states by job, where a message still lies, why a job is dead."""

    states: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    dead: dict[str, str] = field(default_factory=dict)


@dataclass
class Findings:
    """Counts, and the first cases of each in words."""

    jobs: int = 0
    runs: int = 0
    lost: int = 0
    stuck: int = 0
    repeats: Counter[str] = field(default_factory=Counter)
    unattributed_repeats: int = 0
    repeated_effects: int = 0
    ran_after_cancel: int = 0
    unjust_dead_letters: int = 0
    recovery_s: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    lost_ids: list[str] = field(default_factory=list)
    evidence: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, finding: str, words: str) -> None:
        """Keep a case, if there are not enough yet."""
        cases = self.evidence.setdefault(finding, [])
        if len(cases) < EVIDENCE:
            cases.append(words)


@dataclass
class _Job:
    subject: str
    shape: str = ""
    accepted: bool = False
    doomed: bool = False
    cancelled_at: float | None = None
    cancel_unsure: bool = False
    runs: dict[str, Run] = field(default_factory=dict)

    def in_order(self, faults: Faults) -> list[Run]:
        return sorted(self.runs.values(), key=faults.began_at)


def judge(entries: Iterable[AnyEntry], leftovers: Leftovers, faults: Faults, findings: Findings) -> Findings:
    """Add to the findings what these facts show. All facts about one subject MUST come in one call."""
    jobs = _gather(entries)
    ends: dict[str, float] = {}
    for job in jobs.values():
        settled = [run.settled_at for run in job.runs.values() if run.settled_at is not None]
        if settled:
            ends[job.subject] = min(*settled, ends.get(job.subject, float("inf")))
    for job_id, job in jobs.items():
        findings.jobs += job.accepted
        findings.runs += len(job.runs)
        _judge_end(job_id, job, leftovers, faults, findings)
        _judge_repeats(job_id, job, faults, findings)
        _judge_after_end(job_id, job, ends.get(job.subject), findings)
    return findings


def _judge_end(job_id: str, job: _Job, leftovers: Leftovers, faults: Faults, findings: Findings) -> None:
    state = leftovers.states.get(job_id, "unknown")
    where = leftovers.held.get(job_id)
    reason = leftovers.dead.get(job_id)
    if reason is not None and not _deserved(job, reason, faults):
        findings.unjust_dead_letters += 1
        findings.tell("unjust_dead_letters", f"{_about(job_id, job)} is dead: {reason}")
    if where is not None:
        findings.stuck += 1
        findings.tell("stuck", f"{_about(job_id, job)} is {state} and lies in {where}")
        return
    performed = any(run.performed_at is not None for run in job.runs.values())
    if performed:
        findings.ends["performed"] += 1
        if state != "unknown" and state not in FINAL:
            findings.stuck += 1
            findings.tell("stuck", f"{_about(job_id, job)} was performed, and its record says {state} for ever")
    elif job.cancelled_at is not None or (job.cancel_unsure and state == "cancelled"):
        findings.ends["cancelled"] += 1
    elif reason is not None or (job.doomed and any(run.failed_at is not None for run in job.runs.values())):
        findings.ends["dead"] += 1
    elif job.accepted:
        findings.lost += 1
        findings.lost_ids.append(job_id)
        findings.tell("lost", f"{_about(job_id, job)} was accepted and never performed; its record says {state}")


def _judge_repeats(job_id: str, job: _Job, faults: Faults, findings: Findings) -> None:
    runs = job.in_order(faults)
    for former, latter in pairwise(runs):
        excuse = faults.excuse(former, before=latter.started.at)
        if excuse is None:
            findings.unattributed_repeats += 1
            findings.tell("unattributed_repeats", f"{_about(job_id, job)}: {_words(former)}; again {_words(latter)}")
            continue
        findings.repeats[excuse] += 1
        if (fault := faults.kill_of(former, before=latter.started.at)) and former.failed_at is None:
            findings.recovery_s.append(max(0.0, latter.started.at - fault.at))


def _judge_after_end(job_id: str, job: _Job, ended_at: float | None, findings: Findings) -> None:
    for run in job.runs.values():
        if ended_at is not None and run.started.begun > ended_at:
            findings.repeated_effects += 1
            words = f"{_about(job_id, job)} had ended at {ended_at:.3f}; again {_words(run)}"
            findings.tell("repeated_effects", words)
        if job.cancelled_at is not None and run.started.begun > job.cancelled_at:
            findings.ran_after_cancel += 1
            words = f"{_about(job_id, job)} was taken back at {job.cancelled_at:.3f}; {_words(run)}"
            findings.tell("ran_after_cancel", words)


def _deserved(job: _Job, reason: str, faults: Faults) -> bool:
    if reason == "permanent_error":
        return job.doomed
    if reason != "killed_its_worker":
        return False
    runs = job.in_order(faults)
    until = [run.started.at for run in runs[1:]] + [float("inf")]
    kills = [run for run, before in zip(runs, until, strict=True) if faults.kill_of(run, before=before)]
    return len(kills) >= FATAL_CRASHES


def _gather(entries: Iterable[AnyEntry]) -> dict[str, _Job]:
    jobs: dict[str, _Job] = {}
    later: list[Performed | Failed | Settled] = []
    for entry in entries:
        if not isinstance(entry, JobEntry):
            continue
        job = jobs.setdefault(entry.job, _Job(entry.subject))
        match entry:
            case Accepted():
                job.accepted, job.shape, job.doomed = True, entry.shape, job.doomed or entry.doomed
            case Cancelled(sure=True):
                job.cancelled_at = entry.at
            case Cancelled() | Doubtful():
                job.cancel_unsure = True
            case Started():
                job.runs[entry.run] = Run(entry)
            case Performed() | Failed() | Settled():
                later.append(entry)
    for entry in later:
        _add_end(jobs[entry.job].runs[entry.run], entry)
    return jobs


def _add_end(run: Run, entry: Performed | Failed | Settled) -> None:
    match entry:
        case Performed():
            run.performed_at = entry.at
        case Failed():
            run.failed_at = entry.at
        case Settled():
            run.settled_at = entry.at


def _about(job_id: str, job: _Job) -> str:
    return f"{job_id} ({job.shape or 'doubtful'}, {len(job.runs)} runs)"


def _words(run: Run) -> str:
    started = run.started
    ends = {"performed": run.performed_at, "failed": run.failed_at, "settled": run.settled_at}
    told = "".join(f", {name} {at:.3f}" for name, at in ends.items() if at is not None)
    return f"begun {started.begun:.3f} in {started.process} of {started.main}, lease {started.lease}{told}"


def count_kills(faults: Iterable[Fault]) -> int:
    """How many faults ended a process that runs jobs."""
    return sum(fault.kind in KILLS for fault in faults)
