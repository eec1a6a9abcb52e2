"""Celery's strategy: from a message to a request, and on to the pool. In a worker that runs its tasks itself, shorter.

There, most messages ask for nothing that needs Celery's whole way: they are due, nobody revoked them, no rate limits
them. Celery's request, tracer, signals, events and state stay; what goes are questions whose answers are known. Every
other message goes Celery's way.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from celery.app.trace import fast_trace_task, trace_task_ret
from celery.concurrency.solo import TaskPool as SoloPool
from celery.signals import task_received
from celery.worker import state
from celery.worker.strategy import default

from tasks.request import JobRequest, runs_here

_celery_log = logging.getLogger("celery.worker.request")


class RequestHere(JobRequest):
    """A request whose task runs in the thread that read its message."""

    acknowledged: bool

    def execute_using_pool(self, pool: Any, **_kwargs: Any) -> None:
        """Run the task. Nobody can take it back in between, and limits are a thread's (`tasks/limits.py`)."""
        trace = fast_trace_task if self._app.use_fast_trace_task else trace_task_ret
        given = (self._type, self.id, self._request_dict, self._body, self._content_type, self._content_encoding)
        pool.on_apply(trace, given, {}, callback=self.on_success, accept_callback=self.on_accepted)

    def on_success(self, failed__retval__runtime: tuple[Any, Any, Any], **kwargs: Any) -> Any:
        """As Celery's. The ids of jobs that ended well are not gathered: the broker knows them."""
        failed, shown, runtime = failed__retval__runtime
        if failed:
            return super().on_success(failed__retval__runtime, **kwargs)
        state.task_ready(self)
        if self._task.acks_late:
            self.acknowledge()
        self.send_event("task-succeeded", result=shown, runtime=runtime)
        return None

    def acknowledge(self) -> None:
        """At once: this is the thread that the event loop runs in."""
        if not self.acknowledged:
            self._message.ack_log_error(_celery_log, self._connection_errors)
            self.acknowledged = True


def strategy(task: Any, app: Any, consumer: Any) -> Callable[..., Any]:
    """What handles a task's messages; see `Task.Strategy` in Celery."""
    as_celery: Callable[..., Any] = default(task, app, consumer)
    events = consumer.event_dispatcher
    if not isinstance(consumer.pool, SoloPool) or not hasattr(events, "received"):
        return as_celery

    def handle(message: Any, body: Any, ack: Any, reject: Any, callbacks: Iterable[Callable[[Any], Any]]) -> Any:
        headers = message.headers
        if not runs_here.is_set() or type(message.payload) is not list or _needs_celery(headers, consumer):
            return as_celery(message, body, ack, reject, callbacks)
        request = RequestHere(
            message,
            on_ack=ack,
            on_reject=reject,
            app=app,
            hostname=consumer.hostname,
            eventer=events,
            task=task,
            connection_errors=consumer.connection_errors,
            headers=headers,
        )
        task_received.send(sender=consumer, request=request)
        if task.send_events:
            events.received(request.id, request.name, headers, time.time())
        state.task_reserved(request)
        for callback in callbacks:
            callback(request)
        consumer.on_task_request(request)
        return None

    return handle


def _needs_celery(headers: dict[str, Any], consumer: Any) -> bool:
    """Whether Celery has something to find out about this message before its task may run."""
    revoked: Any = state.revoked
    return bool(
        headers.get("eta")
        or headers.get("expires")
        or (len(revoked) and headers["id"] in revoked)
        or state.revoked_stamps
        or consumer.task_buckets.get(headers["task"])
        or (consumer.restart_count > 0 and not consumer._maximum_prefetch_restored)  # noqa: SLF001 - a test lists them
    )
