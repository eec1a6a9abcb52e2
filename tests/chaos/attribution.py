"""Which repeats are excused: a run that follows another of its job needs a reason, and the reason is the former run's.

It reported a failure; or its own process was killed, or paused for about a lease; or everybody was cut off from the
broker for about a lease while it ran, or just when it was about to report its end. Nothing else excuses a repeat: not
a fault of another worker, and not a connection that dropped while the job was running.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.ledger import Fault, Started

KILLS = frozenset({"kill", "orphan", "term", "child"})
"""Faults that end a process which runs jobs."""

BLACKOUTS = frozenset({"restart", "sleep", "refuse", "read_only", "deafen", "failover"})
"""Faults in which no lease can be renewed, if they last."""

CUTS = BLACKOUTS | {"drop", "cut"}
"""Faults in which the answer to one command may be lost."""

ABOUT_A_LEASE = 0.8
"""A lease that was just about to be renewed runs out after this part of its length."""

ANSWER_S = 20.0
"""How long a worker tries to have its job's end recorded."""

BLINK_S = 0.05
"""What lies between a fact and its line in the ledger."""


@dataclass
class Run:
    """One run of a job, as far as it came."""

    started: Started
    performed_at: float | None = None
    failed_at: float | None = None
    settled_at: float | None = None


@dataclass(frozen=True)
class Faults:
    """The faults of a run of the harness, sorted by what they can excuse."""

    lease_s: float
    by_process: dict[int, list[Fault]] = field(default_factory=dict)
    of_all: list[Fault] = field(default_factory=list)

    @classmethod
    def sort(cls, faults: Sequence[Fault], *, lease_s: float) -> "Faults":
        """Sort them."""
        sorted_faults = cls(lease_s)
        for fault in faults:
            if not fault.processes:
                sorted_faults.of_all.append(fault)
            for process in fault.processes:
                sorted_faults.by_process.setdefault(process, []).append(fault)
        return sorted_faults

    def kill_of(self, run: Run, *, before: float) -> Fault | None:
        """The fault that ended the process of this run while it was running."""
        return next((fault for fault in self._on(run, before=before) if fault.kind in KILLS), None)

    def began_at(self, run: Run) -> float:
        """When the broker may have counted its start: a process that is paused as it begins says so when it goes on."""
        begun = run.started.begun
        pauses = [fault for fault in self._on(run, before=begun) if fault.kind == "pause" and self._lasts(fault)]
        return min([begun, *(fault.since for fault in pauses if fault.at <= begun)])

    def excuse(self, run: Run, *, before: float) -> str | None:
        """Why the job may have been run again at this time, or None."""
        if run.failed_at is not None:
            return "reported"
        for fault in self._on(run, before=before):
            if fault.kind in KILLS or (fault.kind == "pause" and self._lasts(fault)):
                return fault.kind
        begun = run.started.begun
        for fault in self.of_all:
            if fault.kind in BLACKOUTS and self._lasts(fault) and _overlaps(fault, begun, before):
                return fault.kind
            if fault.kind in CUTS and run.performed_at is not None and run.settled_at is None:
                reporting = run.performed_at - BLINK_S, min(before, run.performed_at + ANSWER_S)
                if _overlaps(fault, *reporting):
                    return fault.kind
        return None

    def _on(self, run: Run, *, before: float) -> list[Fault]:
        processes = {run.started.process, run.started.main}
        own = [fault for process in processes for fault in self.by_process.get(process, ())]
        return [fault for fault in own if _overlaps(fault, run.started.begun, before)]

    def _lasts(self, fault: Fault) -> bool:
        return fault.at - fault.since >= ABOUT_A_LEASE * self.lease_s


def _overlaps(fault: Fault, since: float, until: float) -> bool:
    return fault.since <= until and fault.at >= since - BLINK_S
