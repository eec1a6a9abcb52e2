"""Signature requests in SQL: who is asked to sign what, how far each signer is, and whether it is still awaited."""

from buffrsign.requests import letters
from buffrsign.requests.letters import delivery_failed
from buffrsign.requests.outcomes import (
    AlreadyOpen,
    AlreadyRecorded,
    Awaited,
    EventClash,
    NotApplied,
    NotAwaited,
    Opened,
    Recorded,
    RequestUnknown,
    SignerUnknown,
    Unknown,
    WhyNotApplied,
    WhyNotAwaited,
)
from buffrsign.requests.reminders import Next, Notice, Told, allowed
from buffrsign.requests.request import RequestState, SignatureRequest, SignerProgress, SignerState
from buffrsign.requests.signature_requests import SignatureRequests

__all__ = [
    "AlreadyOpen",
    "AlreadyRecorded",
    "Awaited",
    "EventClash",
    "Next",
    "NotApplied",
    "NotAwaited",
    "Notice",
    "Opened",
    "Recorded",
    "RequestState",
    "RequestUnknown",
    "SignatureRequest",
    "SignatureRequests",
    "SignerProgress",
    "SignerState",
    "SignerUnknown",
    "Told",
    "Unknown",
    "WhyNotApplied",
    "WhyNotAwaited",
    "allowed",
    "delivery_failed",
    "letters",
]
