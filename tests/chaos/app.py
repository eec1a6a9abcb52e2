"""`workers.app` with the tasks of the chaos run, each of which writes in the ledger what it does.

`celery -A tests.chaos.app worker -Q maintenance,audit`. CHAOS_LEDGER names the ledger's folder.
"""

import os
import secrets
import threading
import time
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from buffrsign.broker.consuming import holder_with
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.broker.local import LocalDeliveries
from buffrsign.core.errors import NotYet, Permanent, Transient
from config.services import Services, configure
from tasks.base import Done, task
from tasks.running import delivery_here, report_progress
from tests.chaos.ledger import Failed, Ledger, Performed, Settled, Started, now
from tests.chaos.workload import ATTEMPTS, Effect, KeyedEffect, LightEffect
from workers.app import app, settings

__all__ = ["app", "perform", "perform_keyed", "perform_light"]

FIRST_BACKOFF = timedelta(milliseconds=50)
_REPORT_S = 0.05
MAIN = os.getpid()  # this module is loaded by the worker's main process, before it forks
ledger = Ledger(Path(os.environ["CHAOS_LEDGER"]))

if stock_visibility_s := os.environ.get("CHAOS_VISIBILITY_S"):
    options: dict[str, Any] = dict(app.conf.broker_transport_options)
    app.conf.broker_transport_options = {**options, "visibility_timeout": float(stock_visibility_s)}


class WatchedDeliveries(LocalDeliveries):
    """Writes down that the broker has recorded a job's end, after it said so; not of those that ride with a reserve."""

    def begin(self, *args: Any, **kwargs: Any) -> Any:
        """As `Deliveries.begin`, and when it had answered."""
        answer: Any = super().begin(*args, **kwargs)
        _here.begun, _here.run = now(), None
        return answer

    def finish(self, delivery: Delivery, **kwargs: Any) -> Any:
        """As `Deliveries.finish`; an answer that says "it was not yours to end" is no settlement."""
        about, _here.run = getattr(_here, "run", None), None
        answer: Any = super().finish(delivery, **kwargs)
        if about and (answer is None or answer is True) and holder_with(delivery.lease) is None:
            ledger.write(Settled(at=now(), **about))
        return answer


class WatchedServices(Services):
    """A worker's services, but for those deliveries."""

    @cached_property
    def deliveries(self) -> Deliveries:
        """See `WatchedDeliveries`."""
        return WatchedDeliveries(self.broker, cipher=self.cipher)


@task(Effect, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF)
def perform(job: Effect, _services: Services) -> Done:
    """Have the effect."""
    return _perform(job)


@task(KeyedEffect, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF)
def perform_keyed(job: KeyedEffect, _services: Services) -> Done:
    """Have the effect that many may ask for."""
    return _perform(job)


@task(LightEffect, attempts=ATTEMPTS, first_backoff=FIRST_BACKOFF, light=True)
def perform_light(job: LightEffect, _services: Services) -> Done:
    """Have the effect on the light path, where there is one."""
    return _perform(job)


def _perform(job: Effect) -> Done:
    delivery = delivery_here()
    assert delivery, "it is called by a worker"
    about = {"job": job.job_id, "subject": job.subject, "run": secrets.token_hex(6)}
    _here.run = about
    began: float = getattr(_here, "begun", 0.0) if current_path_asks(delivery) else now()
    wall = time.time()
    properties = delivery.request.get("properties") or {}
    lease = delivery.lease or str(properties.get("delivery_tag", ""))
    here = os.getpid()
    ledger.write(Started(at=now(), begun=began, wall=wall, lease=lease, process=here, main=MAIN, **about))
    try:
        _end(job, retries=delivery.request.get("retries") or 0)
    except (Transient, Permanent, NotYet):
        ledger.write(Failed(at=now(), **about))
        raise
    ledger.write(Performed(at=now(), **about))
    return Done("performed", {"subject": job.subject})


def current_path_asks(delivery: Delivery) -> bool:
    """Whether this delivery came by the full path, whose `begin` was noted."""
    return "properties" in delivery.request


def _end(job: Effect, *, retries: int) -> None:
    if job.doomed:
        raise Permanent("nobody can do this; discard it")
    if retries < job.failures:
        raise Transient("the other side is away; wait")
    if retries < job.too_early:
        raise NotYet("too early; wait", delay=timedelta(milliseconds=100))
    until = now() + job.run_ms / 1000
    while (left := until - now()) > 0:  # the work
        if job.reports:
            report_progress(int(1000 * left), total=job.run_ms)
        time.sleep(min(left, _REPORT_S) if job.reports else left)


_here = threading.local()
configure(settings, build=WatchedServices)
