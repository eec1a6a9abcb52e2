"""Told to stop, a worker lets running tasks finish within its grace; what then still runs goes back to the broker.

Celery's own warm shutdown waits for ever, and whoever waits for the worker kills it in the end: then its jobs would
count as crashed, and wait for their leases to run out.
"""

import os
import signal
import threading
from datetime import timedelta
from typing import Any

from billiard import active_children, pool
from celery.signals import worker_shutting_down

from buffrsign.broker.consuming import leave_all
from buffrsign.core.logs import get_logger

log = get_logger(__name__)


def install(grace: timedelta) -> None:
    """Watch over each shutdown of this process, if it ever becomes a worker."""
    # A child that ends waits half a minute for its parent to read its answers; the broker has them by then.
    pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 20  # times 0.1 s

    def watch(how: str, **_signal: Any) -> None:
        if how == "Warm":
            threading.Thread(target=_end_after, args=(grace,), name="shutdown-grace", daemon=True).start()

    worker_shutting_down.connect(watch, weak=False)


def _end_after(grace: timedelta) -> None:
    threading.Event().wait(grace.total_seconds())
    log.warning("grace is over, running jobs are given back", grace_s=int(grace.total_seconds()))
    for child in active_children():
        if child.pid:
            os.kill(child.pid, signal.SIGKILL)
    leave_all()
    os._exit(0)
