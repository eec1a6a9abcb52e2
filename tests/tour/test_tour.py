"""Ten tests to read first. They share one live system; each uses documents of its own."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from buffrsign import PayloadRefused, State
from buffrsign.broker.dead_letters import Reason
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.requests import Event, OpenRequest, ReminderPolicy, Sender, Signer, SignerEvent
from buffrsign.ledger import Broken, Verified
from buffrsign.storage import DocumentState, take_in
from tests.support.requests import AT_ANY_HOUR
from tests.support.system import System
from tests.support.wait import wait_until
from workers.sample_agreement import make_sample_agreement

pytestmark = pytest.mark.any_transport
ANNA = Signer("anna", "anna@example.com", "Anna")
BEN = Signer("ben", "ben@example.com", "Ben")


def test_01_a_job_is_enqueued_in_one_line_and_its_result_awaited(system: System) -> None:
    handle = system.producer.enqueue(Canary(note="hello"), keep_result=True)

    assert handle.result(timeout=20)["note"] == "hello"


def test_02_a_bad_payload_is_refused_where_it_is_made(system: System) -> None:
    letter = SignatureRequestEmail(
        recipient=Recipient("no address"), document_title="Lease", signing_url="https://sign.example.com/1"
    )

    with pytest.raises(PayloadRefused, match=r"an e-mail address, .* at `\$.recipient.email`"):
        system.producer.enqueue(letter)


def test_03_a_delayed_job_waits_in_redis_and_can_be_taken_back(system: System) -> None:
    later = system.producer.enqueue(Canary(), delay=timedelta(days=30))
    soon = system.producer.enqueue(Canary(), delay=timedelta(milliseconds=300))

    assert system.producer.cancel(later.job_id)

    assert system.wait_for_end(later.job_id).state is State.CANCELLED
    ended = system.wait_for_end(soon.job_id)
    assert ended.started_at is not None
    assert ended.started_at >= ended.due_at


def test_04_the_same_job_runs_once_however_often_it_is_enqueued(system: System) -> None:
    first = RecordEvent(action="contract.read", occurred_at=datetime.now(UTC), entry_id="tour-4", document_id="tour-4")
    again = RecordEvent(action="contract.read", occurred_at=datetime.now(UTC), entry_id="tour-4", document_id="tour-4")

    handles = [system.producer.enqueue(job) for job in (first, again, again)]

    assert [handle.duplicate for handle in handles] == [False, True, True]
    system.wait_for_end(first.job_id)
    assert system.actions("tour-4") == ["contract.read"]


def test_05_a_job_that_cannot_succeed_becomes_a_dead_letter_with_its_reason(system: System) -> None:
    handle = system.producer.enqueue(InspectDocument(document_id="tour-5-never-uploaded"))

    assert system.wait_for_end(handle.job_id).state is State.DEAD
    letter = system.dead_letters.find(handle.job_id)
    assert letter is not None
    assert letter.reason is Reason.PERMANENT
    assert "tour-5-never-uploaded" in letter.error


def test_06_a_document_is_inspected_pictured_searched_and_checked_as_the_ledger_says(
    system: System,
) -> None:
    _upload(system, "tour-6", make_sample_agreement())

    document = system.wait_for_document("tour-6")

    assert document.state is DocumentState.READY
    actions = system.actions("tour-6")
    assert actions[0] == "document.inspected"
    assert sorted(actions[1:]) == [
        "compliance.checked",
        "document.analysed",
        "document.fields_detected",
        "document.previews_rendered",
        "document.thumbnails_rendered",
    ]


def test_07_a_file_that_is_no_pdf_is_held_with_its_reason_and_disturbs_nothing(system: System) -> None:
    _upload(system, "tour-7", b"Dear Sir or Madam, please find the contract in my other e-mail.")

    document = system.wait_for_document("tour-7")

    assert (document.state, document.state_reason) == (DocumentState.HELD, "not_a_pdf")
    assert system.actions("tour-7") == ["document.inspected"]
    assert system.dead_letters.find("tour-7") is None


def test_08_a_reminder_is_not_sent_once_the_signer_has_signed(system: System) -> None:
    _open_request(
        system, "tour-8", reminders=ReminderPolicy(first_after=timedelta(seconds=2), at_most=1, **AT_ANY_HOUR)
    )
    wait_until(lambda: len(_subjects(system, "tour-8")) == 2, "both requests")
    wait_until(lambda: len(system.services.requests.planned("tour-8")) == 2, "both reminders to be planned")

    system.producer.enqueue(_event("tour-8", Event.SIGNED, "anna"))
    wait_until(lambda: "letter.dropped" in system.actions("tour-8"), "the dropped reminder")
    wait_until(lambda: len(_subjects(system, "tour-8")) == 3, "the reminder that is sent")

    assert len(system.letters_to("anna+tour-8@example.com")) == 1
    assert len(system.letters_to("ben+tour-8@example.com")) == 2


def test_09_everybody_is_told_once_when_the_last_one_signs(system: System) -> None:
    _open_request(system, "tour-9", reminders=ReminderPolicy(at_most=0))
    wait_until(lambda: len(_subjects(system, "tour-9")) == 2, "both requests")

    for signer in ("anna", "ben", "ben"):  # the platform reports one signature twice
        system.producer.enqueue(_event("tour-9", Event.SIGNED, signer))
    wait_until(lambda: system.actions("tour-9").count("letter.accepted") == 5, "three completions")
    system.wait_for_quiet()

    told = [subject for subject in _subjects(system, "tour-9") if "signed" in subject.lower()]
    assert len(told) == 3


def test_10_a_changed_ledger_says_where(system: System) -> None:
    system.wait_for_quiet()
    assert isinstance(system.services.ledger.verify(), Verified)

    path = system.services.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE ledger_entries SET body = replace(body, 'tour-6', 'tour-X') WHERE sequence = 2")
    database.close()

    verdict = system.services.ledger.verify()
    assert isinstance(verdict, Broken)
    assert verdict.sequence == 2


def _upload(system: System, document_id: str, data: bytes) -> None:
    services = system.services
    version = take_in(data, document_id=document_id, title="A file", catalog=services.catalog, blobs=services.blobs)
    system.producer.enqueue(InspectDocument(document_id=document_id, sha256=version.sha256))


def _open_request(system: System, document_id: str, *, reminders: ReminderPolicy) -> None:
    signers = tuple(
        Signer(signer.recipient_id, signer.email.replace("@", f"+{document_id}@"), signer.name)
        for signer in (ANNA, BEN)
    )
    sender = Sender(f"office+{document_id}@example.com", "The office")
    system.producer.enqueue(
        OpenRequest(
            document_id=document_id, document_title=document_id, sender=sender, signers=signers, reminders=reminders
        )
    )


def _event(document_id: str, event: Event, recipient_id: str) -> SignerEvent:
    return SignerEvent(
        event_id=f"{document_id}-{recipient_id}-{event}",
        document_id=document_id,
        event=event,
        occurred_at=datetime.now(UTC),
        recipient_id=recipient_id,
    )


def _subjects(system: System, document_id: str) -> list[str]:
    return [letter["Subject"] for letter in system.mail.messages() if document_id in letter["X-RcptTo"]]
