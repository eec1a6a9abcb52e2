"""The light path: a job whose task says `light=True` runs without Celery's message, request and tracer around it.

Its message is read once, its task runs in this process, and its end rides with the next reserve. The table of endings
in `tasks/base.py`, time limits, stops, records, dead letters and events are the same as on the full path. Whatever a
light job asks of Celery beyond that sends it there: a chain, a chord, a rate limit, a revoke, a time or serialisation
of a stock producer's.
"""

import base64
import binascii
import re
import time
from typing import TYPE_CHECKING, Any

import msgspec
from celery.exceptions import Ignore, Reject, Retry
from celery.worker import state as celery_state

from buffrsign.broker import keys
from buffrsign.broker.bodies import opened
from buffrsign.broker.books import GivenBack, Leased
from buffrsign.broker.deliveries import Delivery
from buffrsign.broker.leases import Holder
from buffrsign.broker.local import begun
from buffrsign.core.logs import get_logger
from buffrsign.crypto import CONTENT_TYPE, PayloadUnreadable
from config.services import Services, services
from tasks.base import ContractTask, DeadLetterMade, payload_of

if TYPE_CHECKING:
    from workers.events import Dispatcher

_JSON = "application/json"
_FOLLOWS = ("callbacks", "errbacks", "chain", "chord")
_OF_KOMBU = b'"__type__"'
_RESULT_MAX_CHARACTERS = 1024
_BODY_ENCODINGS = ("", "base64")
_NO_LIMITS = [None, None]
_NUMBER_OR_NONE = (int, float, type(None))
_KIND = re.compile(rb'"task": ?"([^"\\]+)"')

log = get_logger(__name__)


class _Properties(msgspec.Struct):
    body_encoding: str = ""
    priority: Any = 0


class _Envelope(msgspec.Struct, rename={"content_type": "content-type"}):
    body: str
    headers: dict[str, Any]
    properties: _Properties
    content_type: str = ""


_Body = tuple[list[Any], dict[str, Any], dict[str, Any]]
_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_body = msgspec.json.Decoder(_Body).decode


class LightPath:
    """Runs light jobs of one worker, in its main thread."""

    def __init__(self, consumer: Any, holder: Holder) -> None:
        self._app, self._worker = consumer.app, consumer.hostname
        self._buckets: Any = consumer.task_buckets
        self._events: Dispatcher = consumer.event_dispatcher
        self._holder = holder
        self._tasks: dict[str, Any] = self._app.tasks
        self._light = {name.encode() for name, task in self._tasks.items() if getattr(task, "light", False)}

    def run(self, leased: Leased) -> bool:
        """Run the job; False if it is not for the light path, and nothing was done."""
        process = services()
        named = _KIND.search(leased.message)  # the first name in it is its own, or it goes Celery's way
        read = _read(leased, process) if named and named[1] in self._light else None
        if read is None:
            return False
        kind, job_id, request = read
        task = self._tasks.get(kind)
        if not isinstance(task, ContractTask) or not task.light or self._is_held_up(kind, job_id):
            return False
        try:
            claim = self._holder.claim(leased.lease)
        except GivenBack:
            return True
        if claim is None:
            return False
        delivery = Delivery(job_id, kind, keys.queue_of_list(leased.source), self._worker, request, leased.lease)
        if self._holder.stops and leased.lease in self._holder.stops:
            process.deliveries.stopped(delivery, reason="it was stopped")
            return True
        self._perform(task, delivery, begun(claim))
        return True

    def _is_held_up(self, kind: str, job_id: str) -> bool:
        """Whether Celery's remote control has something to say of this task or job."""
        revoked: Any = celery_state.revoked
        return bool(self._buckets.get(kind) or (len(revoked) and job_id in revoked) or celery_state.revoked_stamps)

    def _perform(self, task: ContractTask, delivery: Delivery, start: Any) -> None:
        job_id, request = delivery.job_id, delivery.request
        celery_state.total_count[delivery.kind] += 1
        celery_state.all_total_count[0] += 1
        began = time.time()
        self._events.received(job_id, delivery.kind, request, began)
        self._events.tell("task-started", began, uuid=job_id)
        try:
            result = task.run_begun(delivery, start, payload_of(request["args"], request["kwargs"]))
        except Retry as again:
            self._events.tell("task-retried", time.time(), uuid=job_id, exception=str(again), traceback=None)
        except DeadLetterMade as failure:
            self._events.tell("task-failed", time.time(), uuid=job_id, exception=repr(failure), traceback=None)
        except Ignore:
            pass
        except Reject:
            self._holder.give_back([delivery.lease])
        else:
            ended = time.time()
            if request.get("ignore_result") is False:
                self._tell_who_waits(delivery, result)
            self._events.tell(
                "task-succeeded",
                ended,
                uuid=job_id,
                result=repr(result)[:_RESULT_MAX_CHARACTERS],
                runtime=ended - began,
            )

    def _tell_who_waits(self, delivery: Delivery, result: dict[str, Any]) -> None:
        """As Celery's backend tells it."""
        meta: dict[str, Any] = {
            "status": "SUCCESS",
            "result": result,
            "traceback": None,
            "children": [],
            "date_done": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "parent_id": delivery.request.get("parent_id"),
            "task_id": delivery.job_id,
        }
        told = msgspec.json.encode(meta)
        if not self._holder.tell_with(delivery.lease, told):
            self._holder.client.publish(keys.result_channel(delivery.job_id), told)


def _read(leased: Leased, process: Services) -> tuple[str, str, dict[str, Any]] | None:
    """Kind, job id and request of a message; None if Celery has to read it."""
    try:
        envelope = _read_envelope(leased.message)
        headers = envelope.headers
        if envelope.content_type == _JSON and not process.settings.require_encrypted:
            in_base64 = envelope.properties.body_encoding == "base64"
            text: bytes = base64.b64decode(envelope.body) if in_base64 else envelope.body.encode()
        elif envelope.content_type == CONTENT_TYPE and process.cipher:
            sealed = opened(msgspec.json.decode(leased.message), process.cipher)
            text = base64.b64decode(sealed["body"])
        else:
            return None
        if envelope.properties.body_encoding not in _BODY_ENCODINGS or not _is_plain(headers) or _OF_KOMBU in text:
            return None
        args, kwargs, follows = _read_body(text)
    except (msgspec.MsgspecError, binascii.Error, PayloadUnreadable, ValueError, TypeError, RecursionError):
        return None
    for name in _FOLLOWS:
        if follows.get(name):
            return None
    headers["args"], headers["kwargs"] = args, kwargs
    headers["delivery_info"] = {"priority": envelope.properties.priority}
    return headers["task"], headers["id"], headers


def _is_plain(headers: dict[str, Any]) -> bool:
    """Whether these headers are as Celery expects them, and ask for nothing that only it does."""
    retries, limits = headers.get("retries") or 0, headers.get("timelimit") or _NO_LIMITS
    if headers.get("group") or headers.get("stamped_headers") or type(retries) is not int or retries < 0:
        return False
    return (
        type(limits) is list
        and len(limits) == len(_NO_LIMITS)
        and all(type(each) in _NUMBER_OR_NONE for each in limits)
    )
