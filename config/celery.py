"""Celery's configuration, under Celery's own setting names. Each that differs from the default says why."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import repeat
from typing import Any
from urllib.parse import urlencode, urlsplit

from kombu import Connection, Exchange
from kombu import Queue as KombuQueue

from buffrsign.broker.address import Address, read_address, sentinel_settings
from buffrsign.broker.connection import SENTINEL_TIMEOUT_S, is_on_loopback
from buffrsign.broker.results import celery_backend
from buffrsign.crypto import CONTENT_TYPE, SERIALIZER, refusal_of_plain
from buffrsign.jobs import CONTRACTS, Queue
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
"""When kombu's own transport hands a dead worker's jobs to another. MUST be longer than any hard limit, or running
jobs run twice. Ours has leases instead."""

STAY = "stay"
"""The name of `stay` in kombu; settings are names, because `celery inspect` sends them as JSON."""


def celery_settings(settings: Settings) -> dict[str, Any]:
    """The configuration of `workers.app`."""
    return {
        **_where(read_address(settings.broker_url)),
        **_transport(settings),
        "broker_transport_options": {
            **_behind_sentinels(read_address(settings.broker_url)),
            "lease_s": settings.lease_s,
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
        # Chords and `AsyncResult.get` read from the broker; kept only for callers that say ignore_result=False.
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
        # How long a dead child's answer is waited for. The broker has it by then: it is written before it is sent here.
        "worker_lost_wait": 2,
        # Celery drops a message whose task it does not know; ours keeps it as a dead letter.
        "worker_consumer": "workers.consumer:Consumer",
        # No job waits behind a slow one in a worker's memory while another worker is idle.
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # JSON only, in and out, encrypted or not: nothing that comes from Redis is ever executed.
        "accept_content": ["json", CONTENT_TYPE] if settings.payload_keys else ["json"],
        "result_accept_content": ["json"],
        "task_serializer": SERIALIZER if settings.payload_keys or why_not_in_clear(settings) else "json",
        "result_serializer": "json",
        # Flower and Prometheus watch events.
        "worker_send_task_events": True,
        # Our formats, our standard error: see config/logging.py.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # The default scheduler forgets what it missed, and two of them run everything twice.
        "beat_scheduler": "workers.beat:PeriodicScheduler",
        "timezone": "Africa/Windhoek",
    }


def why_not_in_clear(settings: Settings) -> str:
    """Why no task may be published from here, since there are no keys; '' if one may."""
    if settings.payload_keys:
        return ""
    return refusal_of_plain(
        is_on_loopback=is_on_loopback(settings.broker_url), cipher=None, allowed=settings.allow_plain_payloads
    )


def _where(address: Address) -> dict[str, Any]:
    """Where broker and results are. Celery and Flower take no options from a URL, but as settings of their own."""
    url, tls = address.url_without_options(), address.tls
    everywhere: dict[str, Any] = {
        # For its own pages Celery parses the URL alone, and warns of missing TLS options that it is told otherwise.
        "broker_url": f"{url}?{urlencode(tls)}" if address.scheme == "rediss" and tls else url,
        "broker_use_ssl": tls or False,
        "result_backend": celery_backend(url),
        "redis_backend_use_ssl": tls,
    }
    if not address.is_sentinel:
        return everywhere
    # After an error, kombu would go on to the next sentinel's URL, and forget our transport.
    Connection.failover_strategies[STAY] = stay
    sentinels = {"result_backend_transport_options": _behind_sentinels(address)}
    return {**everywhere, **sentinels, "broker_failover_strategy": STAY}


def _behind_sentinels(address: Address) -> dict[str, Any]:
    if not address.is_sentinel:
        return {}
    asked = sentinel_settings(address, timeout_s=SENTINEL_TIMEOUT_S)
    return {"master_name": address.master_name, "sentinel_kwargs": asked}


def stay(urls: Iterable[str]) -> Iterator[str]:
    """A fail-over strategy of kombu's that stays: which server is the primary, the sentinels say.

    A bare host leaves all else of the connection as it is.
    """
    return repeat(urlsplit(next(iter(urls))).hostname or "")


def _transport(settings: Settings) -> dict[str, Any]:
    """Ours under Celery, or nothing: then Celery takes kombu's by the address."""
    if settings.broker_transport == "stock":
        return {}
    address = read_address(settings.broker_url)
    transport = f"buffrsign.broker.transport:{'SentinelTransport' if address.is_sentinel else 'Transport'}"
    # What a connection says of itself: Flower knows the schemes of URLs, and no other names.
    Connection.resolve_aliases[transport] = address.scheme
    return {"broker_transport": transport}
