"""How letters are sent: once each, only while somebody waits for what they ask, and each with the next one after it."""

from tasks.email.letters import (
    ATTEMPTS,
    FIRST_BACKOFF,
    send_compliance_alert,
    send_delivery_failed,
    send_document_completed,
    send_last_chance,
    send_one_time_code,
    send_request_declined,
    send_request_expired,
    send_request_voided,
    send_signature_reminder,
    send_signature_request,
    send_signer_reassigned,
)

__all__ = [
    "ATTEMPTS",
    "FIRST_BACKOFF",
    "send_compliance_alert",
    "send_delivery_failed",
    "send_document_completed",
    "send_last_chance",
    "send_one_time_code",
    "send_request_declined",
    "send_request_expired",
    "send_request_voided",
    "send_signature_reminder",
    "send_signature_request",
    "send_signer_reassigned",
]
