"""Pools that run tasks in the worker's own process: `solo`, and `threads`.

There, jobs are begun by the reserve that takes them, and their ends ride with the next one; see `broker/local.py`. In
`solo`, where Celery has no time limits and can stop nothing, a thread looks after both (`tasks/limits.py`), and light
tasks take the light path.
"""

import os
from datetime import timedelta
from typing import Any

from celery.app import trace
from celery.concurrency.solo import TaskPool as SoloPool
from celery.utils.saferepr import saferepr
from redis.exceptions import RedisError

from buffrsign.broker.consuming import holder_with, leave_all
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.core.logs import get_logger
from tasks import limits
from tasks.request import runs_here
from workers.light import LightPath
from workers.processes_of import TASK_DID_NOT_END

STOP_GRACE = timedelta(seconds=5)
"""How long a job that is to stop may take to see it by itself, before its process is ended."""

_FEW = 20
_FLAT = (str, int, float, bool, type(None))

log = get_logger(__name__)


class _Process:
    is_watched = False
    channel: Any = None


def is_watched() -> bool:
    """Whether limits and stops are looked after here, and not by Celery's pool."""
    return _Process.is_watched


def prepare(consumer: Any) -> None:
    """Make a new connection's channel take jobs in the way that fits the pool. Nothing happens for other pools."""
    channel = consumer.task_consumer.channel
    pool = consumer.pool
    if not hasattr(channel, "begins_as") or not (isinstance(pool, SoloPool) or _has_threads(pool)):
        return
    channel.begins_as = consumer.hostname
    runs_here.set()
    vars(trace)["saferepr"] = quick_repr
    if not isinstance(pool, SoloPool):
        return
    _Process.channel = channel
    channel.asks_ahead = True
    channel.run_here = LightPath(consumer, channel.holder).run
    if not _Process.is_watched:
        _Process.is_watched = True
        limits.install(
            limits.Watch(
                stops=lambda: _Process.channel.holder.stops, grace=STOP_GRACE, slow=_give_back, end=_end_process
            )
        )


def quick_repr(value: Any, max_characters: int = 1024) -> str:
    """What events show of a result. As Celery's, which takes longer than most tasks for what is small and flat."""
    if isinstance(value, dict) and len(value) < _FEW and all(type(each) in _FLAT for each in value.values()):
        shown = repr(value)
        if len(shown) <= max_characters:
            return shown
    return str(saferepr(value, max_characters))


def _has_threads(pool: Any) -> bool:
    return type(pool).__module__ == "celery.concurrency.thread"


def _give_back() -> None:
    """A task turned out to be slow: others may have what waits behind it."""
    try:
        _Process.channel.give_back_waiting()
    except RedisError as error:
        log.warning("broker did not answer, jobs wait behind a slow one", error_type=type(error).__name__)


def _end_process(delivery: Delivery, why: str) -> None:
    """Tell the broker what becomes of the job, give back what waits here, and end."""
    holder = holder_with(delivery.lease)
    if holder:
        try:
            holder.flush()
            deliveries = Deliveries(holder.client, patience=timedelta(0))
            if why:
                deliveries.crashed(delivery.lease, why=why)
            else:
                deliveries.stopped(delivery, reason="it was stopped")
        except RedisError as error:
            log.warning("broker did not answer, the job is given back", error_type=type(error).__name__)
    log.error("worker ends, because a task does not", job_id=delivery.job_id, kind=delivery.kind, detail=why or "stop")
    leave_all()
    os._exit(TASK_DID_NOT_END)
