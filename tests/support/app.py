"""`workers.app` and the tasks of the tests' own contracts: `celery -A tests.support.app worker -Q maintenance`."""

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import current_task

from buffrsign.core.errors import InDoubt, NotYet, Permanent, Transient
from config.services import Services
from tasks.base import Done, task
from tasks.running import report_progress
from tests.support.contracts import ATTEMPTS, SECRET, End, Scripted
from tests.support.wait import wait_until
from workers.app import app

__all__ = ["app", "play"]

LIGHT = "TESTS_LIGHT"
"""Set by `light_app`: the tasks take the light path."""


_RAISED: dict[End, Exception] = {
    End.TRANSIENT: Transient("the server is away; wait"),
    End.PERMANENT: Permanent("nobody can do this; ask for something else"),
    End.IN_DOUBT: InDoubt("it may have happened; find out"),
    End.NOT_YET: NotYet("too early; wait", delay=timedelta(milliseconds=50)),
    End.FAULT: KeyError(SECRET),
}


@task(Scripted, attempts=ATTEMPTS, first_backoff=timedelta(milliseconds=20), light=LIGHT in os.environ)
def play(job: Scripted, services: Services) -> Done:
    """Write down this run, and end as the script says."""
    journal = Path(job.journal)
    with journal.open("a") as file:
        file.write(f"{os.getpid()}\n")
    run = len(journal.read_text().splitlines())
    end = job.ends[min(run, len(job.ends)) - 1]
    if end in _RAISED:
        raise _RAISED[end]
    match end:
        case End.KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        case End.WAITS:
            _wait_to_be_let_go(journal)
        case End.HANGS:
            for how_a_soft_limit_interrupts in (signal.SIGUSR1, signal.SIGALRM):
                signal.signal(how_a_soft_limit_interrupts, signal.SIG_IGN)  # native code does not hear it
            _wait_to_be_let_go(journal)
        case End.REPORTS:
            wait_until(lambda: _reports(journal), "the test to let this run go", timeout_s=30)
    return Done(f"run {run}", {"run": run})


def _wait_to_be_let_go(journal: Path) -> None:
    wait_until(journal.with_suffix(".go").exists, "the test to let this run go", timeout_s=30)


@app.task(name="test.acknowledged_early", acks_late=False)
def leave_a_trace(path: str) -> None:
    """A plain Celery task that gives up its message before it begins."""
    Path(path).touch()


@app.task(name="test.request", bind=True)
def show_request(self: Any) -> dict[str, Any]:
    """A plain Celery task: what it sees of its own message, and of itself."""
    request = self.request
    return {
        "current": current_task.name,
        "headers": request.headers,
        "is_itself": current_task.request is request,
        "priority": request.delivery_info["priority"],
        "shown": [request.argsrepr, request.kwargsrepr],
    }


def _reports(journal: Path) -> bool:
    report_progress(3, total=4, note="three of four")
    return journal.with_suffix(".go").exists()
