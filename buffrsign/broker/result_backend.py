"""Celery's result backend over the jobs' records: what a job returned is kept once, beside how it went.

    app.conf.result_backend = celery_backend("redis://broker.internal:6379/0")  # from buffrsign.broker.results

A job's task writes its result in the step that ends it; this backend then only wakes who waits. What Celery says of its
own tasks, such as the callback of a chord, is the field `meta` of a record, with a life of `result_expires`. Groups and
chords stay in Celery's own keys, and so does the channel: a stock producer that waits for what it has sent is woken
with the whole meta. What a stock worker has stored in Celery's keys is read, too.
"""

import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from celery import states
from celery.backends.redis import RedisBackend, ResultConsumer, SentinelBackend  # type: ignore[attr-defined]
from kombu.utils.encoding import bytes_to_str, str_to_bytes

from buffrsign.broker.consuming import holder_with
from buffrsign.broker.deliveries import lease_of
from buffrsign.broker.limits import ENDED_TTL
from buffrsign.broker.metas import (
    FIELDS,
    ONLY_CELERY_KNOWS,
    Meta,
    fields_of,
    has_ended,
    meta_of,
    speaks_for_itself,
    status_of,
)
from buffrsign.broker.records import read_fields
from buffrsign.broker.results import LOOK_S
from buffrsign.broker.scripts import script
from buffrsign.jobs import CONTRACTS

_LOOK_MS_EACH = 1


class RecordConsumer(ResultConsumer):  # type: ignore[misc]
    """Waits for results. Celery's own rests on messages alone; here a waiting process looks now and then, too.

    So a message that got lost, or an end that nobody tells of (a job that was cancelled), costs a second, not the wait.
    """

    subscribed_to: set[Any]
    _looked_at = 0.0

    def drain_events(self, timeout: float | None = None) -> None:
        """Take one message, and look at what is awaited if that was long ago."""
        super().drain_events(timeout)
        awaited = list(self.subscribed_to)
        pause_s = max(LOOK_S, len(awaited) * _LOOK_MS_EACH / 1000)
        if awaited and time.monotonic() - self._looked_at >= pause_s:
            with self.reconnect_on_error():
                self._look(awaited)
            self._looked_at = time.monotonic()

    def on_state_change(self, meta: Meta, message: Any) -> None:
        """Celery's word for a failure is one of many; the record's is the same whenever it is read."""
        if message is not None and meta["status"] in states.PROPAGATE_STATES:
            known = self.backend.get_task_meta(meta["task_id"], cache=False)
            meta = known if known["status"] in states.READY_STATES else meta
        super().on_state_change(meta, message)

    def _look(self, awaited: list[Any]) -> None:
        for encoded in self.backend.mget(awaited):
            meta = encoded and self.backend.decode_result(encoded)
            if meta and meta["status"] in states.READY_STATES:
                self.on_state_change(meta, None)

    def _reconnect_pubsub(self) -> None:
        """Celery looks with MGET, which knows no records: let it find nothing to look at, and look soon ourselves."""
        with self._locked():
            awaited, self.subscribed_to = self.subscribed_to - self._pending_unsubscribe, set()
            try:
                super()._reconnect_pubsub()
            finally:
                self.subscribed_to = awaited
            if awaited:
                self._pubsub.subscribe(*awaited)
            self._looked_at = 0.0


class RecordBackend(RedisBackend):
    """Results in records. Its keys for tasks are names of channels; nothing is stored under them."""

    ResultConsumer = RecordConsumer
    expires: int | None
    failure_expires: int | None
    _get_result_meta: Any

    @cached_property
    def _store_meta(self) -> Any:
        return script(self.client, "store_meta")

    def get(self, key: Any) -> Any:
        """The meta of a job, encoded; for another key, its value."""
        return self.mget([key])[0]

    def mget(self, wanted: Iterable[Any]) -> list[Any]:
        """As `get`, for each of these, in two round trips."""
        job_ids = [(key, self._job_id(key)) for key in wanted]
        with self.client.pipeline(transaction=False) as pipe:
            for key, _job_id in job_ids:
                pipe.get(key)
            stored = pipe.execute()
        records = read_fields(self.client, [job_id for _key, job_id in job_ids if job_id], FIELDS)
        return [
            self._meta(job_id, value, fields_of(next(records))) if job_id else value
            for (_key, job_id), value in zip(job_ids, stored, strict=True)
        ]

    def _set(self, key: Any, value: Any, expires: int | None = None) -> None:
        """Save a group. Nobody waits for that; and redis-py warns of the command that Celery uses here."""
        self.client.set(key, value, ex=(self.expires if expires is None else expires) or None)

    def delete(self, key: Any) -> None:
        """Forget a result. Of a job of ours the record stays: it is what keeps the job from running again."""
        super().delete(key)
        if job_id := self._job_id(key):
            script(self.client, "forget_result")(args=[job_id])

    def mark_as_failure(self, task_id: str, *failure: Any, **options: Any) -> None:
        """A job that will be delivered again, as after its hard limit, has not failed; nor have its chain and chord."""
        fields = fields_of(next(read_fields(self.client, [task_id], FIELDS)))
        if fields["starts"] is None or has_ended(fields):
            super().mark_as_failure(task_id, *failure, **options)

    def _store_result(
        self, task_id: str, result: Any, state: str, traceback: Any = None, request: Any = None, **_options: Any
    ) -> Any:
        meta = self._get_result_meta(result=result, state=state, traceback=traceback, request=request)
        meta["task_id"] = bytes_to_str(task_id)
        if state == states.SUCCESS and _rides_with_its_end(request, self.encode(meta)):
            return result
        rest = {name: meta[name] for name in ONLY_CELERY_KNOWS if meta.get(name)}
        expires = self.failure_expires if state == states.FAILURE else self.expires
        arguments = [
            meta["task_id"],
            state,
            "1" if state in states.READY_STATES else "0",
            self.encode(meta),
            self.encode(rest) if rest else "",
            expires or int(ENDED_TTL.total_seconds()),
            self.get_key_for_task(task_id),
            "1" if getattr(request, "task", None) in CONTRACTS else "0",
        ]
        self.ensure(self._store_meta, ((), arguments))
        return result

    def _meta(self, job_id: str, stock: Any, fields: Mapping[str, Any]) -> Any:
        """The meta that stands: Celery's, wherever it said it, unless our record has come to another end since."""
        known, stored, status = meta_of(job_id, fields), fields["meta"], fields["meta_status"]
        if stored and status and not (speaks_for_itself(fields) and status != status_of(fields)):
            return stored
        if stock and not has_ended(fields):
            return stock
        if known and stored and not status:
            known |= self.decode(stored)
        return known and self.encode(known)

    def _job_id(self, key: Any) -> str | None:
        """The job that a key of Celery's is about; None if it is about a group or a chord."""
        prefix, name = bytes_to_str(self.task_keyprefix), bytes_to_str(key)
        return name.removeprefix(prefix) if name.startswith(prefix) else None


def _rides_with_its_end(request: Any, meta: Any) -> bool:
    """Whether the job's end is about to be written, and its waiters told then: where its worker runs it itself."""
    properties = getattr(request, "properties", None) or {}
    lease = lease_of(properties.get("delivery_tag"))
    holder = holder_with(lease) if lease else None
    return holder is not None and holder.tell_with(lease, str_to_bytes(meta))


class SentinelRecordBackend(RecordBackend, SentinelBackend):
    """The same, where sentinels say which server is the primary."""
