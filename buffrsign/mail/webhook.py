"""The webhook's reports: a provider's word on a letter, signed with a secret that both know. No HTTP in here.

The sender signs `<timestamp>.<body>` with HMAC-SHA-256 (RFC 2104), and sends the signature as hex digits beside the
timestamp. Several keys may be valid at a time, so that one can follow another without a gap.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from buffrsign.core.clock import from_epoch_ms
from buffrsign.mail.reports import Report
from buffrsign.mail.states import LONGEST_WORDS, Event, Source

WINDOW = timedelta(minutes=5)
"""How far a timestamp may be from our clock. Within it, a repeat is known by its `event_id`, and changes nothing."""

LONGEST_BODY_BYTES = 64 * 1024
SHORTEST_KEY_BYTES = 16

_TIMESTAMP = re.compile(r"[0-9]{1,10}", re.ASCII)


class WhyRefused(StrEnum):
    """Why a call is no report."""

    TOO_LARGE = "too_large"
    NOT_SIGNED = "not_signed"
    TOO_OLD = "too_old"
    MALFORMED = "malformed"


@dataclass(frozen=True)
class Refused:
    """The call is no report; `detail` names the field that does not fit, and repeats no value."""

    why: WhyRefused
    detail: str


class ReportBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON that is signed. `at` carries its offset from UTC; `status` is an enhanced code (RFC 3463).

    A bounce is for good, and suppresses its mailbox, if its status is of class 5.
    """

    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    event: Event
    message_id: Annotated[str, msgspec.Meta(pattern=r"\A<[^<>\s@]+@[^<>\s@]+>\Z", max_length=500)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    status: Annotated[str, msgspec.Meta(pattern=r"\A([245]\.\d{1,3}\.\d{1,3})?\Z")] = ""
    response: Annotated[str, msgspec.Meta(max_length=LONGEST_WORDS)] = ""
    host: Annotated[str, msgspec.Meta(max_length=255)] = ""


_decode = msgspec.json.Decoder(ReportBody).decode


def sign(body: bytes, *, timestamp: str, key: bytes) -> str:
    """The signature of a body, as hex digits: what a sender does."""
    return hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def read_report(
    body: bytes, *, signature: str, timestamp: str, keys: Sequence[bytes], now: datetime
) -> Report | Refused:
    """The report in a call, or why there is none.

    `timestamp` is in seconds since 1970. Nothing of the body is read before its signature is known to be of one of the
    keys; the comparison takes the same time wherever it differs.

    Raises:
        ValueError: there is no key, or one has fewer than 16 bytes.
    """
    if not keys or min(map(len, keys)) < SHORTEST_KEY_BYTES:
        raise ValueError(f"the webhook needs keys of {SHORTEST_KEY_BYTES} bytes or more")
    if len(body) > LONGEST_BODY_BYTES:
        return Refused(WhyRefused.TOO_LARGE, f"a report has {LONGEST_BODY_BYTES} bytes at most")
    if not _TIMESTAMP.fullmatch(timestamp):
        return Refused(WhyRefused.NOT_SIGNED, "the timestamp is no number of seconds since 1970")
    if not _is_signed(body, signature=signature, timestamp=timestamp, keys=keys):
        return Refused(WhyRefused.NOT_SIGNED, "the signature is of none of the keys")
    if abs(now - from_epoch_ms(1000 * int(timestamp))) > WINDOW:
        return Refused(WhyRefused.TOO_OLD, "the timestamp is more than five minutes from our clock; sign anew")
    return _report(body, now=now)


def _is_signed(body: bytes, *, signature: str, timestamp: str, keys: Sequence[bytes]) -> bool:
    given = signature.encode("utf-8", "replace")
    signed_by = [hmac.compare_digest(sign(body, timestamp=timestamp, key=key).encode(), given) for key in keys]
    return any(signed_by)


def _report(body: bytes, *, now: datetime) -> Report | Refused:
    try:
        told = _decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        return Refused(WhyRefused.MALFORMED, _field_in(str(error)))
    return Report(
        report_id=hashlib.sha256(f"webhook:{told.event_id}".encode()).hexdigest(),
        event=told.event,
        source=Source.WEBHOOK,
        at=min(told.at, now),
        message_id=told.message_id,
        host=told.host,
        response=told.response,
        status=told.status,
    )


def _field_in(reason: str) -> str:
    """Where msgspec found the fault: its own sentence may repeat a value, which may be anybody's address."""
    found = re.search(r"`\$\.(event_id|event|message_id|at|status|response|host)`", reason)
    if found:
        return f"$.{found[1]} does not fit"
    missing = re.search(r"missing required field `(event_id|event|message_id|at)`", reason)
    return f"$.{missing[1]} is missing" if missing else "it is no object with the fields of a report"
