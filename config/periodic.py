"""Periodic work, for `celery beat`. Times are Windhoek's. Each job is safe to run twice, so two beats do no harm."""

from typing import Any

from celery.schedules import crontab

from buffrsign.jobs import encode
from buffrsign.jobs.maintenance import CacheCleanup, ExpiredDocuments

PERIODIC: dict[str, dict[str, Any]] = {
    "delete expired documents every night": {
        "task": ExpiredDocuments.kind,
        "schedule": crontab(hour="2", minute="0"),
        "args": [encode(ExpiredDocuments())],
    },
    "clean the cache every hour": {
        "task": CacheCleanup.kind,
        "schedule": crontab(minute="30"),
        "args": [encode(CacheCleanup())],
    },
}
