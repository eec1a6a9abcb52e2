"""Celery's request, in a worker's main process: how a job ends there that its own process could not end.

A child that was killed, or that ran past its hard limit, is told to the broker as a crash; a job that was revoked is
told as cancelled. Kombu's own transport has no leases: there, the delivery is simply given back.
"""

import threading
from collections.abc import Callable
from typing import Any

from billiard.einfo import ExceptionWithTraceback  # type: ignore[attr-defined]
from billiard.exceptions import WorkerLostError
from celery.app.task import Context
from celery.worker.request import Request
from redis.exceptions import RedisError

from buffrsign.broker.deliveries import Delivery, lease_of
from buffrsign.core.logs import get_logger
from buffrsign.crypto import HIDDEN
from buffrsign.jobs import CONTRACTS
from config.services import services

log = get_logger(__name__)

runs_here = threading.Event()
"""Set where the pool runs tasks in the worker's own process."""

_REVOKED = {"expired": "it expired before it started", "terminated": "it was stopped", "revoked": "it was revoked"}


_HIDES: dict[str, Callable[[Any], Any]] = {
    "result": lambda _value: HIDDEN,
    "exception": lambda value: str(value).partition("(")[0],
    "traceback": lambda _value: None,
}

_CELERYS = frozenset({*vars(Context), "lang", "task", "argsrepr", "kwargsrepr", "compression"})

_CeleryRequest: Any = Request


class JobRequest(_CeleryRequest):  # type: ignore[misc]
    """The request of every task of ours; see `Task.Request` in Celery."""

    def __init__(self, message: Any, *args: Any, headers: Any = None, **kwargs: Any) -> None:
        """Events and logs show nothing of the arguments, whatever the producer wrote of them."""
        super().__init__(message, *args, headers=headers, **kwargs)
        self._argsrepr = self._kwargsrepr = HIDDEN
        self._request_dict.update(argsrepr=HIDDEN, kwargsrepr=HIDDEN)
        if self._request_dict.keys() <= _CELERYS:
            self._request_dict.setdefault("headers", {})  # of a caller's own: none, so that nobody looks for them
        if runs_here.is_set() and not self._decoded:
            # The body is decoded, and its task runs in this process: it need not be decoded again there.
            self._body = self._Request__payload
            self._content_type = self._content_encoding = None

    def info(self, safe: bool = True) -> Any:  # noqa: ARG002 - Celery asks for the arguments in clear
        """What `celery inspect` and Flower show of it: the arguments' representations, which say nothing."""
        return super().info(safe=True)

    def send_event(self, type: str, **fields: Any) -> Any:  # noqa: A002 - Celery's signature
        """Of what a plain task returned or raised, events say only the error's class where payloads are private.

        A contract's task returns and raises nothing of a person.
        """
        if self.name not in CONTRACTS and services().cipher:
            fields.update({name: _HIDES[name](value) for name, value in fields.items() if name in _HIDES})
        return super().send_event(type, **fields)

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """The task failed, or the process that ran it is gone."""
        error = exc_info.exception
        error = error.exc if isinstance(error, ExceptionWithTraceback) else error
        if isinstance(error, (WorkerLostError, SystemExit, KeyboardInterrupt)):
            self._crashed("its process was killed")
        return super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def on_timeout(self, soft: bool, timeout: float) -> Any:
        """A time limit has passed; at the hard one, the process is killed."""
        if not soft:
            self._crashed(f"it ran longer than {timeout:g} s and its process was killed")
        return super().on_timeout(soft, timeout)

    def _announce_revoked(self, reason: str, terminated: bool, signum: Any, expired: bool) -> None:
        self._settle(
            lambda channel, delivery: channel.deliveries.stopped(delivery, reason=_REVOKED.get(reason, reason))
        )
        super()._announce_revoked(reason, terminated, signum, expired)

    def _crashed(self, why: str) -> None:
        def tell(channel: Any, delivery: Delivery) -> None:
            outcome = channel.deliveries.crashed(delivery.lease, why=why)
            log.error("process of a job was lost", job_id=self.id, kind=self.name, detail=why, outcome=outcome)

        self._settle(tell)

    def _settle(self, tell: Any) -> None:
        lease = lease_of(self.message.delivery_tag)
        if not lease:
            return
        channel = self.message.channel
        queue = self.delivery_info["routing_key"]
        try:
            tell(channel, Delivery(self.id, self.name, queue, self.hostname, {}, lease))
        except RedisError as error:
            log.warning("broker did not answer, the job is given back", job_id=self.id, error_type=type(error).__name__)
            channel.holder.give_back([lease])
            return
        channel.holder.settled_elsewhere(lease)
