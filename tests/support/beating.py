"""`celery -A tests.support.beating beat`: our beat, with work that is due every second."""

from tests.support.periodic import EVERY_SECOND
from workers.app import app
from workers.beat import PeriodicScheduler


class EverySecond(PeriodicScheduler):
    """A scheduler that a test need not wait an hour for."""

    schedules = (EVERY_SECOND,)


app.conf.beat_scheduler = "tests.support.beating:EverySecond"
