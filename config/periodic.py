"""Periodic work, for `celery -A workers.app beat`. Times are Windhoek's.

A schedule whose times change begins anew, and so does one whose name changes: the tick that was published last for
the old one still runs.
"""

from celery.schedules import crontab

from buffrsign.broker.periodic import Periodic
from buffrsign.jobs.maintenance import CacheCleanup, ExpiredDocuments, UncertainLetters
from buffrsign.jobs.missed import Missed

PERIODIC = (
    Periodic(
        "delete expired documents every night",
        ExpiredDocuments,
        crontab(hour="2", minute="0"),
        missed=Missed.ONCE,  # one run takes what was left
    ),
    Periodic(
        "clean the cache every hour",
        CacheCleanup,
        crontab(minute="30"),
        missed=Missed.SKIP,  # the next hour's does as well
    ),
    Periodic(
        "tell of uncertain letters every hour",
        UncertainLetters,
        crontab(minute="45"),
        missed=Missed.SKIP,
    ),
)
