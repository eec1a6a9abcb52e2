"""`workers.app` with tasks that are given people's data, and may not show it whatever they do."""

from pathlib import Path
from typing import Any

from config.services import Services
from tasks.base import Done, task
from tasks.running import report_progress
from tests.support.private import Waits
from tests.support.wait import wait_until
from workers.app import app

__all__ = ["app"]


@task(Waits, light=True)
def wait(job: Waits, services: Services) -> Done:
    """Report half of it, and run until the test lets go."""
    folder = Path(job.folder)
    report_progress(1, total=2, note="half")
    (folder / "reported").touch()
    wait_until((folder / "go").exists, "the test to let this run go", timeout_s=60)
    return Done("waited")


@app.task(name="test.fails")
def fail(payload: dict[str, Any]) -> None:
    """A plain Celery task whose error quotes what it was given."""
    raise ValueError(f"no mailbox: {payload}")


@app.task(name="test.returns")
def give_back(payload: dict[str, Any]) -> dict[str, Any]:
    """A plain Celery task that returns what it was given; nobody keeps its result."""
    return payload
