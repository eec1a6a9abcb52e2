"""The same effects as tasks of a plain Celery application, as its documentation would have it, on any broker.

`celery -A tests.chaos.plain worker`. CHAOS_BROKER names the broker, CHAOS_LEDGER the ledger's folder. It has no
records and no keys, and nothing can be taken back: of the verdict, only what was lost and repeated can be compared.
"""

import os
import secrets
import time
from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery, Task
from kombu import Exchange, Queue

from tests.chaos.inventory import QUEUES
from tests.chaos.ledger import Failed, Ledger, Performed, Started, now
from tests.chaos.workload import ATTEMPTS, Effect, Order

MAIN = os.getpid()
TASK = "chaos.plain_effect"

app = Celery("plain", broker=os.environ.get("CHAOS_BROKER", "memory://"))
IS_AMQP = app.conf.broker_url.startswith("amqp")
app.conf.update(
    task_queues=[
        Queue(name, Exchange(name), routing_key=name, queue_arguments={"x-queue-type": "quorum"} if IS_AMQP else None)
        for name in QUEUES
    ],
    task_default_queue=QUEUES[0],
    task_default_exchange=QUEUES[0],
    task_default_routing_key=QUEUES[0],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"confirm_publish": True} if IS_AMQP else {"visibility_timeout": 15},
)


@app.task(name=TASK, bind=True, max_retries=ATTEMPTS)
def perform(self: "Task[Any, Any]", job: str, subject: str, run_ms: int, failures: int, *, doomed: bool) -> None:
    """Have the effect."""
    request: Any = self.request
    ledger = _ledger()
    about = {"job": job, "subject": subject, "run": secrets.token_hex(6)}
    moment, wall, here = now(), time.time(), os.getpid()
    lease = str((request.properties or {}).get("delivery_tag", ""))
    ledger.write(Started(at=moment, begun=moment, wall=wall, lease=lease, process=here, main=MAIN, **about))
    if doomed or request.retries < failures:
        ledger.write(Failed(at=now(), **about))
        if doomed:
            raise ValueError("nobody can do this")
        raise self.retry(countdown=0.05 * 2**request.retries)
    time.sleep(run_ms / 1000)  # the work
    ledger.write(Performed(at=now(), **about))


@cache
def _ledger() -> Ledger:
    return Ledger(Path(os.environ["CHAOS_LEDGER"]))


def send(order: Order) -> None:
    """Publish; returns once the broker has confirmed it, where it can."""
    job: Effect = order.job
    app.send_task(
        TASK,
        args=[job.job_id, job.subject, job.run_ms, job.failures + job.too_early],
        kwargs={"doomed": job.doomed},
        task_id=job.job_id,
        countdown=order.delay.total_seconds() if order.delay else None,
        queue=type(job).queue.value,
        retry=False,
    )
