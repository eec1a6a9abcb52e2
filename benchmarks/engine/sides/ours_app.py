"""`workers.app` and the benchmark's task: `celery -A benchmarks.engine.sides.ours_app worker -Q maintenance`."""

from benchmarks.engine.sides.effect import perform
from benchmarks.engine.sides.ours_contract import Noop
from config.services import Services
from tasks.base import Done, task
from workers.app import app

__all__ = ["app", "noop"]

NOTHING = Done("nothing to do")


@task(Noop)
def noop(job: Noop, services: Services) -> Done:  # noqa: ARG001 - every task gets them
    """Do nothing."""
    perform(job.stamp)
    return NOTHING
