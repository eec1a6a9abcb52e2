"""Celery's configuration, under Celery's own setting names. Each that differs from the default says why."""

from datetime import timedelta
from typing import Any

from kombu import Exchange
from kombu import Queue as KombuQueue

from buffrsign.jobs import CONTRACTS, Queue
from config.periodic import PERIODIC
from config.settings import Settings

SOFT_LIMITS = {
    Queue.EMAIL: timedelta(seconds=120),
    Queue.REQUESTS: timedelta(seconds=30),
    Queue.DOCUMENTS: timedelta(seconds=300),
    Queue.COMPLIANCE: timedelta(seconds=120),
    Queue.AUDIT: timedelta(seconds=60),
    Queue.MAINTENANCE: timedelta(seconds=600),
}
"""How long a task of each family may run before it is interrupted, and tried again."""

HARD_LIMIT_GRACE = timedelta(seconds=30)
"""After the soft limit: then its process is killed."""

VISIBILITY_TIMEOUT = timedelta(minutes=20)
"""When kombu hands a dead worker's jobs to another. MUST be longer than any hard limit, or running jobs run twice."""


def celery_settings(settings: Settings) -> dict[str, Any]:
    """The configuration of `workers.app`."""
    return {
        "broker_url": settings.broker_url,
        "broker_transport_options": {
            "visibility_timeout": int(VISIBILITY_TIMEOUT.total_seconds()),
            # kombu waits for ever on a half-open connection otherwise.
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        # A restarting broker must not end its workers.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        # Chords and `AsyncResult.get` read from here; kept only for callers that say ignore_result=False.
        "result_backend": settings.broker_url,
        "result_expires": timedelta(hours=24),
        "task_ignore_result": True,
        # The six queues, each a plain Redis list: the anonymous exchange needs no binding that could be lost.
        "task_queues": [KombuQueue(name.value, Exchange(""), routing_key=name.value) for name in Queue],
        "task_default_exchange": "",
        "task_default_queue": Queue.MAINTENANCE.value,
        "task_create_missing_queues": False,
        "task_routes": {kind: {"queue": contract.queue.value} for kind, contract in CONTRACTS.items()},
        # A job is removed only after its task ended; a child that is killed gives its job back.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # So does one that was killed at its hard limit; by default Celery would drop the job.
        "task_acks_on_timeout": False,
        # Celery drops a message whose task it does not know; ours keeps it as a dead letter.
        "worker_consumer": "workers.consumer:Consumer",
        # No job waits behind a slow one in a worker's memory while another worker is idle.
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # JSON only, in and out: nothing that comes from Redis is ever executed.
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        # Flower and Prometheus watch events.
        "worker_send_task_events": True,
        # Our formats, our standard error: see config/logging.py.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_schedule": PERIODIC,
        # The default scheduler keeps its memory in a pickle; this one counts from its start.
        "beat_scheduler": "celery.beat:Scheduler",
        "timezone": "Africa/Windhoek",
    }
