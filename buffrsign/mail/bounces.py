"""Bounce messages and complaints: what a stranger's message reports of our letters, however odd it is.

Read are delivery status notifications (RFC 3464, 6522, 6533) and feedback reports (RFC 5965), where they are the
message itself; one that somebody forwards or quotes reports nothing. Only the beginning of a message is looked at: what
it reports stands before the letter that it returns.
"""

import email
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime
from enum import StrEnum

from buffrsign.mail.reports import Report
from buffrsign.mail.states import Event, Source, as_words, status_in

LONGEST_READ_BYTES = 256 * 1024
MOST_NESTED = 16
MOST_RECIPIENTS = 100

_NESTS = re.compile(rb"boundary|message/(?:rfc822|global|partial|external)", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,255}>")
_UTF8_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_SMTP_CLASS = re.compile(r"\b([245])\d\d\b")
_EVENTS = {
    "failed": Event.BOUNCED,
    "delayed": Event.DEFERRED,
    "delivered": Event.DELIVERED,
    "relayed": Event.DELIVERED,
    "expanded": Event.DELIVERED,
}
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "other"})
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ORIGINAL_TYPES = frozenset({"message/rfc822", "message/global"})
_HEADERS_TYPES = frozenset({"text/rfc822-headers", "message/global-headers"})


class Nothing(StrEnum):
    """Why a message reports nothing."""

    NO_REPORT = "no_report"
    NO_COMPLAINT = "no_complaint"
    NESTED_TOO_DEEPLY = "nested_too_deeply"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class _Envelope:
    """What all reports of one message have in common."""

    digest: str
    at: datetime
    message_id: str | None


def read_message(data: bytes, *, now: datetime) -> list[Report] | Nothing:
    """The reports in a message, one for each recipient that it names; or why there is none. Raises nothing.

    A bounce without a status of class 5 is for this letter only (RFC 3463, 3.1): its mailbox may be tried again.
    What it costs is bounded by these two limits: about a second at worst, whatever the message holds.
    """
    beginning = data[:LONGEST_READ_BYTES]
    if len(_NESTS.findall(beginning)) > MOST_NESTED:
        return Nothing.NESTED_TOO_DEEPLY
    try:
        return _reports_in(email.message_from_bytes(beginning, policy=compat32), beginning, now=now)
    except Exception:  # noqa: BLE001 - a stranger wrote it, and the standard library's parser raises what it likes
        return Nothing.UNREADABLE


def _reports_in(message: Message, beginning: bytes, *, now: datetime) -> list[Report] | Nothing:
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return Nothing.NO_REPORT
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    envelope = _Envelope(hashlib.sha256(beginning).hexdigest(), _date_of(message, now=now), _our_id(message, parts))
    for part in parts:
        if part.get_content_type() in _STATUS_TYPES:
            return list(_notifications(part, envelope)) or Nothing.NO_REPORT
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part, envelope)
    return Nothing.NO_REPORT


def _notifications(part: Message, envelope: _Envelope) -> Iterator[Report]:
    blocks = _blocks(part)
    reporter = next((_typed(block, "Reporting-MTA") for block in blocks if block["Reporting-MTA"]), "")
    recipients = [block for block in blocks if block["Action"]][:MOST_RECIPIENTS]
    for number, block in enumerate(recipients):
        event = _EVENTS.get(_plain(block, "Action").lower().partition(" ")[0])
        if event is not None:
            yield Report(
                report_id=_report_id(envelope, number),
                event=event,
                source=Source.DSN,
                at=envelope.at,
                message_id=envelope.message_id,
                recipient=_address(block),
                host=_typed(block, "Remote-MTA") or reporter,
                response=_typed(block, "Diagnostic-Code"),
                status=_status(block),
            )


def _complaint(part: Message, envelope: _Envelope) -> list[Report] | Nothing:
    """Not every feedback report complains: some say that it was no spam (RFC 6430), or how DMARC fared (RFC 6591)."""
    fields = _inner(part)
    kind = _plain(fields, "Feedback-Type").lower()
    if kind not in _COMPLAINTS:
        return Nothing.NO_COMPLAINT
    recipient = _plain(fields, "Original-Rcpt-To").strip("<>")
    return [
        Report(
            report_id=_report_id(envelope, 0),
            event=Event.COMPLAINED,
            source=Source.DSN,
            at=envelope.at,
            message_id=envelope.message_id,
            recipient=recipient if "@" in recipient else None,
            host=_typed(fields, "Reporting-MTA"),
            response=kind,
        )
    ]


def _our_id(message: Message, parts: list[Message]) -> str | None:
    """The Message-ID of the letter: of the one that is attached, or else of the one that this answers."""
    for part in parts:
        kind = part.get_content_type()
        if kind in _ORIGINAL_TYPES | _HEADERS_TYPES and (found := _ids(_attached(part), "Message-ID")):
            return found[0]
    for name in ("In-Reply-To", "References"):
        if found := _ids(message, name):
            return found[-1]
    return None


def _attached(part: Message) -> Message:
    """The letter, or its headers, that a part returns (RFC 6522, 4)."""
    if part.is_multipart():
        return _inner(part)
    payload = part.get_payload(decode=True)
    return email.message_from_bytes(payload if isinstance(payload, bytes) else b"", policy=compat32)


def _inner(part: Message) -> Message:
    """The message in a part that holds one: the parser reads the fields of a report as such a message's."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return part


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a delivery status: of the message, and then of each recipient (RFC 3464, 2.1).

    The parser knows them in their type for ASCII only; of the other, it takes the first for a message's headers.
    """
    payload = part.get_payload()
    if not isinstance(payload, list):
        return []
    blocks = [block for block in payload if isinstance(block, Message)]
    if part.get_content_type() == "message/delivery-status" or not blocks:
        return blocks
    rest = blocks[0].get_payload(decode=True)
    text = rest if isinstance(rest, bytes) else b""
    groups = re.split(rb"\r?\n\r?\n", text)[: MOST_RECIPIENTS + 1]
    return [blocks[0], *(email.message_from_bytes(group.lstrip(), policy=compat32) for group in groups)]


def _address(block: Message) -> str | None:
    """The address that we wrote to, where it is told, and else the one that it went to (RFC 3464, 2.3.1 and 2.3.2)."""
    for name in ("Original-Recipient", "Final-Recipient"):
        address = _UTF8_ESCAPE.sub(lambda code: chr(int(code[1], 16)), _typed(block, name)).strip("<>")
        if "@" in address:
            return address
    return None


def _status(block: Message) -> str:
    """The enhanced status code; where there is none, the class of the SMTP code in the diagnostic stands for one."""
    diagnostic = _typed(block, "Diagnostic-Code")
    code = status_in(_plain(block, "Status")) or status_in(diagnostic)
    if code:
        return code
    smtp_class = _SMTP_CLASS.search(diagnostic)
    return f"{smtp_class[1]}.0.0" if smtp_class else ""


def _date_of(message: Message, *, now: datetime) -> datetime:
    """When the message was written, as it says; never later than now."""
    try:
        date = parsedate_to_datetime(_plain(message, "Date"))
        return min(date if date.tzinfo else date.replace(tzinfo=UTC), now)
    except (ValueError, TypeError, OverflowError):
        return now


def _report_id(envelope: _Envelope, number: int) -> str:
    return hashlib.sha256(f"{envelope.digest}:{number}".encode()).hexdigest()


def _ids(message: Message, name: str) -> list[str]:
    return _MESSAGE_ID.findall(_plain(message, name))


def _typed(block: Message, name: str) -> str:
    """The value of a field that begins with its type, as in `dns; mx.example` (RFC 3464, 2.1.2)."""
    value = _plain(block, name)
    return value.partition(";")[2].strip() if ";" in value else value


def _plain(message: Message, name: str) -> str:
    return as_words(str(message[name] or ""))
