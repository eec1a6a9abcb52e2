"""Stock Celery, tuned as well as its settings allow: late acknowledgement, no events, no rate limits, a deep prefetch.

The same application serves RabbitMQ, by its address: there, the queue is a quorum queue.
"""

import os

from celery import Celery

from benchmarks.engine.sides.effect import perform
from benchmarks.engine.sides.side import URL, wants_results

url = os.environ.get(URL, "redis://")
app = Celery("stock", broker=url)
app.conf.update(
    broker_connection_retry_on_startup=True,
    result_backend=url if wants_results() else None,
    task_acks_late=True,
    task_ignore_result=not wants_results(),
    task_store_errors_even_if_ignored=False,
    worker_disable_rate_limits=True,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=64,
    worker_send_task_events=False,
)
if url.startswith("amqp"):
    app.conf.update(task_default_queue_type="quorum", broker_transport_options={"confirm_publish": True})


@app.task(name="noop")
def noop(document_id: str, recipient: str, title: str, stamp: str, note: str) -> None:  # noqa: ARG001 - the payload
    """Do nothing."""
    perform(stamp)
