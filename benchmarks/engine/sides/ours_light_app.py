"""As `ours_app`, and its task takes the light path."""

from benchmarks.engine.sides.effect import perform
from benchmarks.engine.sides.ours_contract import Noop
from config.services import Services
from tasks.base import Done, task
from workers.app import app

__all__ = ["app", "noop"]

NOTHING = Done("nothing to do")


@task(Noop, light=True)
def noop(job: Noop, services: Services) -> Done:  # noqa: ARG001 - every task gets them
    """Do nothing."""
    perform(job.stamp)
    return NOTHING
