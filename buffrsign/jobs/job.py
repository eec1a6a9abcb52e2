"""A job is one request for work: a frozen, validated, versioned value that knows its kind, its queue and its key.

    class SignatureRequestEmail(Job, kind="email.signature_request", queue=Queue.EMAIL): ...

`encode` makes the payload that travels (plain JSON values and the contract's version, `v`); `decode` makes the job
again. Both refuse what does not fit, with the field and the reason, so a bad payload never leaves its producer.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Self, dataclass_transform, get_args
from uuid import UUID

import msgspec

from buffrsign.core.errors import NotYet, Permanent
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.fields import DESCRIPTIONS, JobId
from buffrsign.jobs.queues import Queue

VERSION_FIELD = "v"
_ID_FIELD = "job_id"
_AROUND_ID = len(f',"{_ID_FIELD}":""}}')
_write = msgspec.json.Encoder().encode
_NO_TEXT = (bytes, bytearray, datetime, date, time, timedelta, UUID, Decimal)
"""Types that msgspec writes as text, and so would let into any field of text."""

_FIELD_NAME_UNKNOWN = re.compile(r"unknown field `(.*?)`", re.DOTALL)
_PLAIN_NAME = re.compile(r"[a-z_][A-Za-z0-9_]{0,39}")
NEWER_VERSION_DELAY = timedelta(seconds=30)

CONTRACTS: dict[str, type["Job"]] = {}


class PayloadRefused(Permanent):
    """The payload does not fit its contract. `reason` names the field, as in "… at `$.recipient.email`"."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"payload of {kind} refused: {reason}")
        self.kind = kind
        self.reason = reason


class KindUnknown(Permanent):
    """No contract has this kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"no job kind is called {kind!r}; known are: {', '.join(sorted(CONTRACTS))}")
        self.kind = kind


class NewerVersion(NotYet):
    """The payload was made by a newer release than this one: it waits until a worker of that release takes it."""

    def __init__(self, kind: str, version: int, known: int) -> None:
        super().__init__(
            f"{kind} has version {version} and this release knows up to {known}; waiting for a newer worker",
            delay=NEWER_VERSION_DELAY,
        )


class Key(tuple[str | int, ...]):
    """What makes two jobs the same job, part by part. Only a keyed hash of it leaves the process."""

    __slots__ = ()

    def __new__(cls, *parts: str | int) -> Self:
        """A key of these parts, in this order."""
        return super().__new__(cls, parts)


@dataclass_transform(field_specifiers=(msgspec.field,), frozen_default=True)
class _JobMeta(msgspec.StructMeta):
    """Takes `kind`, `queue` and `version` in the class line and registers the contract."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        kind: str = "",
        queue: Queue | None = None,
        version: int = 1,
        **config: Any,
    ) -> "_JobMeta":
        cls = super().__new__(mcls, name, bases, namespace, **config)
        if kind and queue:
            contract: Any = cls
            contract.kind, contract.queue, contract.version = kind, queue, version
            CONTRACTS[kind] = contract
        return cls


class Job(msgspec.Struct, metaclass=_JobMeta, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every contract. `job_id` is made once, before publishing, and kept over every retry."""

    kind: ClassVar[str]
    queue: ClassVar[Queue]
    version: ClassVar[int]

    job_id: JobId = msgspec.field(default_factory=new_ulid)

    @property
    def key(self) -> Key | None:
        """Two jobs of one kind and key are the same job; None means every enqueue is its own."""
        return None

    @property
    def destination(self) -> Queue:
        """The queue this job waits in: its kind's own."""
        return self.queue


def encode(job: Job) -> dict[str, Any]:
    """The payload of a job: JSON values only, without the job id, which the envelope carries.

    Raises:
        PayloadRefused: a field's value is not what the contract says (Python does not check it on construction).
    """
    try:
        fields = msgspec.to_builtins(job, builtin_types=_NO_TEXT, enc_hook=_fits_no_field)
        checked = msgspec.convert(fields, type(job))
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise PayloadRefused(job.kind, _reason(error, type(job))) from error
    _require_whole_characters(checked)
    payload: dict[str, Any] = msgspec.to_builtins(checked)
    del payload[_ID_FIELD]
    return {VERSION_FIELD: job.version, **payload}


def write(job: Job) -> tuple[Job, bytes]:
    """The job as its worker will see it, and its payload as JSON: `decode` and `encode` in a fifth of their time.

    Raises:
        PayloadRefused: see `encode`.
    """
    read, head, ends_with_id = _reading(type(job))
    try:
        written = _write(job)
        seen: Job = read(written)
        # What was a time in a field of text is a text now, and so on: then the long way says what follows.
        if ends_with_id and seen == job and (fields := written[1 : -len(seen.job_id) - _AROUND_ID]):
            return seen, head + fields + b"}"
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        pass  # the long way says why
    payload = encode(job)
    return decode(job.kind, payload, job_id=job.job_id), _write(payload)


@cache
def _reading(contract: type[Job]) -> tuple[Callable[[bytes], Any], bytes, bool]:
    """What reads a contract's JSON, how its payload begins, and whether its JSON ends with the job id."""
    head = f'{{"{VERSION_FIELD}":{contract.version},'.encode()
    return msgspec.json.Decoder(contract).decode, head, contract.__struct_encode_fields__[-1] == _ID_FIELD


def decode(kind: str, payload: object, *, job_id: str) -> Job:
    """The job that a payload describes.

    A payload without `v` is version 1: that is what hand-written and stock producers send.

    Raises:
        KindUnknown: no contract has this kind.
        PayloadRefused: the payload does not fit.
        NewerVersion: it was made by a newer release, in a rolling deploy.
    """
    contract = CONTRACTS.get(kind)
    if contract is None:
        raise KindUnknown(kind)
    if type(payload) is not dict and not isinstance(payload, Mapping):
        raise PayloadRefused(kind, f"expected an object, got {type(payload).__name__}")
    fields = dict(payload)
    version = fields.pop(VERSION_FIELD, 1)
    if type(version) is not int or version < 1:
        raise PayloadRefused(kind, f"expected a version number from 1 - at `$.{VERSION_FIELD}`")
    if version > contract.version:
        raise NewerVersion(kind, version, contract.version)
    if _ID_FIELD in fields:
        raise PayloadRefused(kind, f"Object contains unknown field `{_ID_FIELD}`; the envelope carries it")
    fields[_ID_FIELD] = job_id
    try:
        job = msgspec.convert(fields, contract)
    except (msgspec.ValidationError, RecursionError, UnicodeEncodeError) as error:
        raise PayloadRefused(kind, _reason(error, contract)) from error
    _require_whole_characters(job)
    return job


def _require_whole_characters(job: Job) -> None:
    """JSON can spell half a surrogate pair, which is no character and cannot be written anywhere."""
    try:
        msgspec.json.encode(job)
    except UnicodeEncodeError:
        pass  # the field is named below
    else:
        return
    for name in job.__struct_fields__:
        try:
            msgspec.json.encode(getattr(job, name))
        except UnicodeEncodeError as error:
            raise PayloadRefused(job.kind, f"text holds half a surrogate pair - at `$.{name}`") from error


def _fits_no_field(_value: object) -> dict[str, Any]:
    """Stands for what has no JSON form, so that the contract refuses it where it is, and the error names the field."""
    return {"": {}}


def _reason(error: Exception, contract: type[Job]) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeEncodeError):
        return "a name holds half a surrogate pair"
    reason = _FIELD_NAME_UNKNOWN.sub(_unless_plain, str(error))
    if reason.startswith("Invalid enum value"):
        return _choices(reason, contract)
    for pattern, words in DESCRIPTIONS.items():
        reason = reason.replace(f"`str` matching regex {pattern!r}", words)
    return reason


def _unless_plain(found: re.Match[str]) -> str:
    """A field's name, unless it looks like something that came in its place, such as an address."""
    return found[0] if _PLAIN_NAME.fullmatch(found[1]) else "unknown field of another name than ours"


def _choices(reason: str, contract: type[Job]) -> str:
    """What may stand there, in place of msgspec's sentence: that repeats the value, which may be anybody's name."""
    place = reason[reason.rindex("`$.") :]
    types: list[Any] = [contract]
    for name in re.findall(r"[A-Za-z_]\w*", place):
        types = [part for type_ in types for part in _field_types(type_, name)]
    known = [str(choice.value) for type_ in types if _is_a(type_, Enum) for choice in type_]
    return f"Expected one of {', '.join(known)} - at {place}"


def _field_types(struct: Any, name: str) -> list[Any]:
    """The types that a field of this name may have, and those within them: of lists, unions and annotations."""
    if not _is_a(struct, msgspec.Struct):
        return []
    found = [field.type for field in msgspec.structs.fields(struct) if field.name == name]
    for type_ in found:
        found += get_args(type_)
    return found


def _is_a(type_: Any, base: type) -> bool:
    return isinstance(type_, type) and issubclass(type_, base)
