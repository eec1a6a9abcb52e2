"""The platform's older services enqueue `{"type": "signature_request", …}` on queues with older names; this turns
them into contracts, so that there is one path inside.

A table says for each type which contract it becomes and how its fields are called there. What is unknown is refused
with the list of what exists. `{"type": "test"}` is accepted on every queue and becomes a canary that asks that queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from buffrsign.core.errors import Permanent
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import AnalyseDocument, InspectDocument, RenderThumbnails
from buffrsign.jobs.email import (
    ComplianceAlertEmail,
    DocumentCompletedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
)
from buffrsign.jobs.job import VERSION_FIELD, Job, PayloadRefused, decode
from buffrsign.jobs.maintenance import CacheCleanup, Canary, ExpiredDocuments
from buffrsign.jobs.queues import Queue

OLDER_NAMES = {
    "email_notifications": Queue.EMAIL,
    "document_processing": Queue.DOCUMENTS,
    "compliance_checks": Queue.COMPLIANCE,
    "audit_trail": Queue.AUDIT,
    "cleanup": Queue.MAINTENANCE,
}


class LooseJobRefused(Permanent):
    """The queue or the type of a loose payload is unknown, or it is no object."""


@dataclass(frozen=True)
class _Translation:
    """One loose type. `renamed` maps its fields to paths in the contract; `ignored` ones are known another way."""

    contract: type[Job]
    renamed: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    added: Mapping[str, Any] = field(default_factory=dict)


_RECIPIENT = {
    "recipient_email": "recipient.email",
    "recipient_name": "recipient.name",
    "recipient_id": "recipient.recipient_id",
    "locale": "recipient.locale",
}
_EVENT = {
    "user": "actor",
    "timestamp": "occurred_at",
    "ip_address": "details.ip_address",
    "user_agent": "details.user_agent",
}
_IN_CATALOG = frozenset({"user_id", "document_title"})

_TRANSLATIONS: dict[Queue, dict[str, _Translation]] = {
    Queue.EMAIL: {
        "signature_request": _Translation(SignatureRequestEmail, _RECIPIENT),
        "signature_reminder": _Translation(SignatureReminderEmail, _RECIPIENT, frozenset({"days_remaining"})),
        "document_completed": _Translation(DocumentCompletedEmail, _RECIPIENT),
        "compliance_alert": _Translation(ComplianceAlertEmail, _RECIPIENT),
    },
    Queue.REQUESTS: {},
    Queue.DOCUMENTS: {
        "pdf_processing": _Translation(InspectDocument, ignored=_IN_CATALOG),
        "generate_thumbnail": _Translation(RenderThumbnails, ignored=_IN_CATALOG),
        "ai_analysis": _Translation(AnalyseDocument, ignored=_IN_CATALOG),
    },
    Queue.COMPLIANCE: {
        "eta_2019_check": _Translation(
            Eta2019Check, {"user_id": "requested_by"}, frozenset({"document_title"}), {"stage": Stage.ON_DEMAND.value}
        ),
    },
    Queue.AUDIT: {"record_event": _Translation(RecordEvent, _EVENT)},
    Queue.MAINTENANCE: {
        "expired_documents": _Translation(ExpiredDocuments),
        "cache_cleanup": _Translation(CacheCleanup),
    },
}


def job_from(queue: str, payload: Mapping[str, Any]) -> Job:
    """The contract that a loose payload means. Queues go by their older names or by ours.

    Raises:
        LooseJobRefused: the queue or the type is unknown; the message lists those that exist.
        PayloadRefused: a field is missing, unknown or does not fit.
    """
    destination = _queue(queue)
    if not isinstance(payload, Mapping):
        raise LooseJobRefused(f'a loose job is an object such as {{"type": "test"}}, not {type(payload).__name__}')
    translation = _translation(destination, payload.get("type"), queue)
    fields = _renamed(_fields(payload, translation), translation.renamed)
    try:
        return decode(translation.contract.kind, {**fields, **translation.added}, job_id=new_ulid())
    except PayloadRefused as error:
        raise PayloadRefused(error.kind, _in_loose_names(error.reason, translation.renamed)) from error


def _queue(name: str) -> Queue:
    if name in OLDER_NAMES:
        return OLDER_NAMES[name]
    if name in set(Queue):
        return Queue(name)
    raise LooseJobRefused(f"no queue is called {name!r}; known are: {', '.join([*OLDER_NAMES, *Queue])}")


def _translation(destination: Queue, type_: object, queue: str) -> _Translation:
    if type_ == "test":
        return _Translation(Canary, added={"ask": destination.value})
    known = _TRANSLATIONS[destination]
    if not isinstance(type_, str) or type_ not in known:
        asked = f"of type {type_!r}" if isinstance(type_, str) else "without a type"
        raise LooseJobRefused(f"no job {asked} goes to {queue!r}; known there: {', '.join([*known, 'test'])}")
    return known[type_]


def _fields(payload: Mapping[str, Any], translation: _Translation) -> dict[str, Any]:
    fields = {name: value for name, value in payload.items() if name != "type" and name not in translation.ignored}
    kind = translation.contract.kind
    if VERSION_FIELD in fields:
        raise PayloadRefused(kind, f"a loose payload has no version, leave out `$.{VERSION_FIELD}`")
    if translation.contract is RecordEvent and not fields.keys() & {"timestamp", "occurred_at"}:
        fields["timestamp"] = datetime.now(UTC)
    return fields


def _renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    payload: dict[str, Any] = {path.rpartition(".")[0]: {} for path in names.values() if "." in path}
    payload |= {name: value for name, value in fields.items() if name not in names}
    for name in fields.keys() & names.keys():
        parent, _, leaf = names[name].rpartition(".")
        place = payload[parent] if parent else payload
        if isinstance(place, Mapping):
            payload |= {parent: {**place, leaf: fields[name]}} if parent else {leaf: fields[name]}
    return payload


def _in_loose_names(reason: str, names: Mapping[str, str]) -> str:
    for loose, path in names.items():
        parent, _, leaf = path.rpartition(".")
        reason = reason.replace(f"`{leaf}` - at `$.{parent}`", f"`{loose}`").replace(f"`$.{path}`", f"`$.{loose}`")
    return reason
