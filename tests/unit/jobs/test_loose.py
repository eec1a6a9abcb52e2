"""The calls of the platform's older services: the table of design.md, "Vocabulary", row by row."""

from datetime import UTC, datetime, timedelta

import pytest

from buffrsign.core.errors import Permanent
from buffrsign.core.ids import is_ulid
from buffrsign.jobs import PayloadRefused, Queue
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import AnalyseDocument, InspectDocument, RenderThumbnails
from buffrsign.jobs.email import (
    ComplianceAlertEmail,
    DocumentCompletedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.loose import OLDER_NAMES, LooseJobRefused, job_from
from buffrsign.jobs.maintenance import CacheCleanup, Canary, ExpiredDocuments

ANNA = {"recipient_email": "anna@example.com", "recipient_name": "Anna"}
LETTER = {**ANNA, "document_title": "Service agreement", "signing_url": "https://sign.example/doc_7"}
REQUEST = {"type": "signature_request", **LETTER}


def test_a_loose_signature_request_without_a_document():
    job = job_from("email_notifications", REQUEST)

    assert job == SignatureRequestEmail(
        job_id=job.job_id,
        recipient=Recipient("anna@example.com", name="Anna"),
        document_title="Service agreement",
        signing_url="https://sign.example/doc_7",
    )
    assert job.key is None
    assert is_ulid(job.job_id)


def test_a_loose_signature_request_with_all_that_it_may_say():
    job = job_from(
        "email_notifications",
        {
            **REQUEST,
            "document_id": "doc_7",
            "recipient_id": "user_3",
            "locale": "de-NA",
            "sender_name": "Tomas",
            "message": "Please sign.",
            "expires_at": "2026-12-31T22:00:00Z",
            "round": 2,
        },
    )

    assert job.recipient == Recipient("anna@example.com", name="Anna", locale="de-NA", recipient_id="user_3")
    assert (job.document_id, job.sender_name, job.message, job.round) == ("doc_7", "Tomas", "Please sign.", 2)
    assert job.expires_at == datetime(2026, 12, 31, 22, tzinfo=UTC)


def test_a_loose_signature_reminder():
    job = job_from("email_notifications", {"type": "signature_reminder", **LETTER, "days_remaining": 3})

    assert type(job) is SignatureReminderEmail
    assert job.recipient.email == "anna@example.com"


def test_a_loose_completion_letter():
    job = job_from("email_notifications", {"type": "document_completed", **ANNA, "document_title": "Service agreement"})

    assert type(job) is DocumentCompletedEmail
    assert job.recipient.name == "Anna"


def test_a_loose_compliance_alert():
    alert = {"type": "compliance_alert", **ANNA, "document_title": "Lease", "findings": ["No consent was recorded"]}

    job = job_from("email_notifications", alert)

    assert type(job) is ComplianceAlertEmail
    assert (job.recipient.email, job.findings) == ("anna@example.com", ("No consent was recorded",))


@pytest.mark.parametrize(
    ("type_", "contract"),
    [("pdf_processing", InspectDocument), ("generate_thumbnail", RenderThumbnails), ("ai_analysis", AnalyseDocument)],
)
def test_a_loose_document_job(type_, contract):
    job = job_from("document_processing", {"type": type_, "document_id": "doc_7", "user_id": "user_3"})

    assert job == contract(job_id=job.job_id, document_id="doc_7")


def test_a_loose_compliance_check_is_on_demand_and_says_who_asked():
    job = job_from("compliance_checks", {"type": "eta_2019_check", "document_id": "doc_7", "user_id": "user_3"})

    assert job == Eta2019Check(job_id=job.job_id, document_id="doc_7", stage=Stage.ON_DEMAND, requested_by="user_3")


def test_a_loose_audit_event():
    job = job_from(
        "audit_trail",
        {
            "type": "record_event",
            "action": "document.viewed",
            "document_id": "doc_7",
            "user": "user_3",
            "timestamp": "2026-03-02T12:00:00Z",
            "ip_address": "196.44.128.1",
            "user_agent": "Mozilla/5.0",
            "details": {"page": 2},
        },
    )

    assert job == RecordEvent(
        job_id=job.job_id,
        entry_id=job.entry_id,
        action="document.viewed",
        document_id="doc_7",
        actor="user_3",
        occurred_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
        details={"page": 2, "ip_address": "196.44.128.1", "user_agent": "Mozilla/5.0"},
    )


def test_a_loose_audit_event_without_a_time_happened_now():
    job = job_from("audit_trail", {"type": "record_event", "action": "document.viewed"})

    assert abs(datetime.now(UTC) - job.occurred_at) < timedelta(minutes=1)
    assert job.details == {}


def test_a_loose_audit_event_may_call_its_time_as_the_contract_does():
    event = {"type": "record_event", "action": "document.viewed", "occurred_at": "2026-03-02T12:00:00Z"}

    assert job_from("audit_trail", event).occurred_at == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type_", "contract"), [("expired_documents", ExpiredDocuments), ("cache_cleanup", CacheCleanup)]
)
def test_a_loose_cleanup(type_, contract):
    assert type(job_from("cleanup", {"type": type_})) is contract


@pytest.mark.parametrize("queue", [*OLDER_NAMES, *Queue])
def test_a_test_on_any_queue_is_a_canary_that_asks_it(queue):
    job = job_from(queue, {"type": "test"})

    assert type(job) is Canary
    assert job.destination is OLDER_NAMES.get(queue, queue)


@pytest.mark.parametrize("older", OLDER_NAMES)
def test_a_queue_goes_by_its_older_name_and_by_ours(older):
    payload = {"email_notifications": REQUEST}.get(older, {"type": "test"})

    assert type(job_from(older, payload)) is type(job_from(OLDER_NAMES[older].value, payload))


@pytest.mark.parametrize(
    ("queue", "type_", "known"),
    [
        (
            "email_notifications",
            "newsletter",
            "signature_request, signature_reminder, document_completed, compliance_alert, test",
        ),
        ("document_processing", "ocr", "pdf_processing, generate_thumbnail, ai_analysis, test"),
        ("compliance_checks", "popia_check", "eta_2019_check, test"),
        ("audit_trail", "event", "record_event, test"),
        ("cleanup", "old_sessions", "expired_documents, cache_cleanup, test"),
        ("requests", "open", "test"),
    ],
)
def test_a_type_whose_task_does_not_exist_is_refused_with_those_that_do(queue, type_, known):
    with pytest.raises(LooseJobRefused) as caught:
        job_from(queue, {"type": type_})

    assert str(caught.value) == f"no job of type {type_!r} goes to {queue!r}; known there: {known}"
    assert isinstance(caught.value, Permanent)


def test_an_unknown_queue_is_refused_with_those_that_exist():
    with pytest.raises(LooseJobRefused, match=r"'email_notification'; known are: email_notifications, .*, maintenance"):
        job_from("email_notification", {"type": "test"})


@pytest.mark.parametrize("payload", [{}, {"type": None}, {"type": 7}, {"type": ["test"]}, {"type": {"email": "anna"}}])
def test_a_job_without_a_type_is_refused_with_those_that_exist(payload):
    with pytest.raises(
        LooseJobRefused, match="no job without a type goes to 'cleanup'; known there: expired_documents"
    ):
        job_from("cleanup", payload)


@pytest.mark.parametrize("payload", [None, [], "test", 7])
def test_what_is_no_object_is_refused(payload):
    with pytest.raises(LooseJobRefused, match=r'a loose job is an object such as {"type": "test"}'):
        job_from("cleanup", payload)


@pytest.mark.parametrize(
    ("queue", "payload", "reason"),
    [
        ("email_notifications", {"type": "signature_request"}, "missing required field `recipient_email`"),
        ("email_notifications", {**REQUEST, "recipient_email": "anna"}, "an e-mail address.*`\\$.recipient_email`"),
        ("email_notifications", {**REQUEST, "recipient_name": "a\nb"}, "one line.*`\\$.recipient_name`"),
        ("email_notifications", {**REQUEST, "recipient_id": "a b"}, "an id.*`\\$.recipient_id`"),
        ("email_notifications", {**REQUEST, "locale": "english"}, "a locale.*`\\$.locale`"),
        ("email_notifications", {**REQUEST, "recipient": 7}, "Expected `object`, got `int` - at `\\$.recipient`"),
        ("email_notifications", {**REQUEST, "colour": "red"}, "unknown field `colour`"),
        ("email_notifications", {**REQUEST, "job_id": "7"}, "unknown field `job_id`"),
        ("email_notifications", {**REQUEST, "v": 2}, "no version, leave out `\\$.v`"),
        ("compliance_checks", {"type": "eta_2019_check"}, "missing required field `document_id`"),
        ("compliance_checks", {"type": "eta_2019_check", "document_id": "d", "user_id": "a b"}, "`\\$.user_id`"),
        ("audit_trail", {"type": "record_event", "action": "a", "user": "a b"}, "an id.*`\\$.user`"),
        ("audit_trail", {"type": "record_event", "action": "a", "timestamp": "noon"}, "RFC3339.*`\\$.timestamp`"),
        ("audit_trail", {"type": "record_event", "action": "a", "details": 7}, "Expected `object`.*`\\$.details`"),
        ("audit_trail", {"type": "record_event", "action": "a", "details": 7, "ip_address": "::1"}, "`\\$.details`"),
        ("audit_trail", {"type": "record_event", "action": "a", "ip_address": {}}, "`\\$.details"),
        ("cleanup", {"type": "test", "colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_refusal_speaks_of_the_fields_as_the_caller_calls_them(queue, payload, reason):
    with pytest.raises(PayloadRefused, match=reason):
        job_from(queue, payload)
