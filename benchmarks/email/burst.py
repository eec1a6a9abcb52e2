"""A burst: many reminders that are due in the same second, through the real schedule."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.email import ours
from benchmarks.email.letters import reminder_of
from benchmarks.email.stage import Void

MOST_SESSIONS = ours.PROCESSES * ours.CONNECTIONS
"""What the pools of all processes may have open together."""

AHEAD = timedelta(seconds=5)


@dataclass(frozen=True)
class Burst:
    """How a burst went. `lasted_s`: from the second in which all were due to the last that was taken."""

    sent: int
    refused: int
    peak_connections: int
    lasted_s: float


def measure(reminders: int) -> Burst:
    """All due at once.

    Raises:
        Void: a reminder was not sent, or sent twice, or there were more connections than the pools may have.
    """
    with ours.office(scheduler=True) as office:
        jobs = [reminder_of(each) for each in ours.opened(office, reminders)]
        due = datetime.now(UTC) + AHEAD
        due_s = time.monotonic() + AHEAD.total_seconds()
        ids = office.services.producer.enqueue_many(jobs, at=due).job_ids
        if datetime.now(UTC) >= due:
            raise Void("scheduling the reminders took longer than until they were due")
        sink = office.on
        sink.wait(lambda: sink.counted().accepted >= reminders, "all reminders", timeout_s=ours.LONGEST_S, look_s=0.5)
        ours.require_all_done(office, ids)
        counted = sink.counted()
        refused = reminders - office.done(ids)
    if counted.peak_sessions > MOST_SESSIONS:
        raise Void(f"{counted.peak_sessions} connections were open at once, and the pools may have {MOST_SESSIONS}")
    return Burst(counted.accepted, refused, counted.peak_sessions, counted.last_at - due_s)
