from datetime import timedelta

import msgspec
import pytest

from buffrsign.core.errors import Permanent, Transient
from buffrsign.core.ids import new_ulid
from buffrsign.jobs import Job
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import (
    DocumentCompletedEmail,
    Letter,
    SignatureReminderEmail,
    SignatureRequestEmail,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import ReminderPolicy, Sender
from buffrsign.requests import EventClash, SignerUnknown
from buffrsign.testing import RecordingProducer
from tasks.requests import open_request, record_signer_event
from tests.support.clock import NOON
from tests.support.family import SIGNING_URL, actions
from tests.support.requests import DOCUMENT, declined, open_job, signed, signer, viewed, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)
POLICY = ReminderPolicy(first_after=timedelta(days=3), every=timedelta(days=1), at_most=2)


def recipients(enqueued: RecordingProducer, contract: type[Letter]) -> list[str]:
    """Who gets letters of this kind, in order."""
    return [job.recipient.email for job in enqueued.jobs(contract)]


def asked(enqueued: RecordingProducer) -> list[str]:
    """Who is asked to sign, in order."""
    return recipients(enqueued, SignatureRequestEmail)


def told(enqueued: RecordingProducer) -> list[str]:
    """Who is told that everybody has signed, in order."""
    return recipients(enqueued, DocumentCompletedEmail)


def by_another_job(job: Job) -> Job:
    """The same request or event, enqueued again once the first job's key is forgotten."""
    return msgspec.structs.replace(job, job_id=new_ulid())


def test_opening_asks_the_lowest_order_and_leaves_the_reminders_to_its_letters(services, enqueued):
    done = open_request.run(open_job(ANNA, BEN, CARL, reminders=POLICY), services)

    assert done.outcome == "opened, 2 asked"
    assert asked(enqueued) == ["anna@example.com", "ben@example.com"]
    assert enqueued.jobs(SignatureReminderEmail) == []


def test_a_letter_carries_what_the_sender_asked_for_and_the_signers_own_link(services, enqueued):
    hans = msgspec.structs.replace(signer("hans@office"), locale="de-NA", email="hans@example.com")
    job = open_job(
        hans,
        sender=Sender("sender@example.com", "Ndapewa"),
        message="Please sign.",
        expires_at=NOON + timedelta(days=9),
    )

    open_request.run(job, services)

    [letter] = enqueued.jobs(SignatureRequestEmail)
    assert letter.recipient == Recipient("hans@example.com", "Hans@Office", "de-NA", "hans@office")
    assert (letter.sender_name, letter.message, letter.expires_at) == ("Ndapewa", "Please sign.", job.expires_at)
    assert letter.signing_url == f"{SIGNING_URL}/{DOCUMENT}/hans%40office"


def test_a_request_that_expired_before_it_was_opened_is_for_a_person_and_asks_nobody(services, enqueued):
    with pytest.raises(Permanent, match="expired before it was opened"):
        open_request.run(open_job(ANNA, expires_at=NOON), services)

    assert services.requests.find(DOCUMENT) is None
    assert enqueued.enqueued == []


def test_a_request_that_was_opened_in_time_bears_being_delivered_again_after_its_end(services, enqueued, clock):
    job = open_job(ANNA, expires_at=NOON + timedelta(hours=1))
    open_request.run(job, services)
    clock.now = NOON + timedelta(hours=2)

    done = open_request.run(job, services)

    assert done.outcome == "opened, 0 asked"


def test_the_entry_of_an_opening_counts_signers_and_names_nobody(services, enqueued):
    job = open_job(ANNA, BEN)

    open_request.run(job, services)

    [entry] = enqueued.jobs(RecordEvent)
    assert (entry.action, entry.document_id, entry.details) == ("request.opened", DOCUMENT, {"signers": 2})
    assert "example.com" not in msgspec.json.encode(entry).decode()


@pytest.mark.parametrize("repeat", [lambda job: job, by_another_job], ids=["same job", "another job"])
def test_opening_twice_asks_everybody_once_and_is_one_entry(services, enqueued, repeat):
    job = open_job(ANNA, BEN)
    open_request.run(job, services)
    before = list(enqueued.enqueued)

    open_request.run(repeat(job), services)

    assert enqueued.enqueued == before


def test_a_crash_after_the_opening_and_before_the_letters_is_made_good_by_the_repeat(services, enqueued):
    job = open_job(ANNA, BEN)
    services.requests.open(job)

    done = open_request.run(job, services)

    assert done.outcome == "opened, 2 asked"
    assert asked(enqueued) == ["anna@example.com", "ben@example.com"]
    assert actions(enqueued) == ["request.opened"]


def test_a_second_different_request_for_a_document_is_for_a_person_and_asks_nobody(services, enqueued):
    open_request.run(open_job(ANNA), services)
    before = list(enqueued.enqueued)

    with pytest.raises(Permanent, match="has a signature request already"):
        open_request.run(open_job(BEN), services)

    assert enqueued.enqueued == before


def test_the_next_order_is_asked_when_all_of_the_one_before_have_signed(services, enqueued):
    open_request.run(open_job(ANNA, BEN, CARL), services)

    record_signer_event.run(signed("anna"), services)
    assert "carl@example.com" not in asked(enqueued)
    record_signer_event.run(signed("ben"), services)

    assert asked(enqueued) == ["anna@example.com", "ben@example.com", "carl@example.com"]
    assert enqueued.jobs(SignatureRequestEmail)[-1].signing_url == f"{SIGNING_URL}/{DOCUMENT}/carl"
    assert told(enqueued) == []


def test_the_last_signature_tells_all_signers_and_the_sender_once(services, enqueued):
    open_request.run(open_job(ANNA, CARL), services)
    last = signed("carl", occurred_at=NOON + timedelta(hours=2))

    record_signer_event.run(signed("anna"), services)
    done = record_signer_event.run(last, services)

    assert done.outcome == "signed, completed"
    assert told(enqueued) == ["anna@example.com", "carl@example.com", "sender@example.com"]
    assert {letter.completed_at for letter in enqueued.jobs(DocumentCompletedEmail)} == {last.occurred_at}
    assert actions(enqueued) == ["request.opened", "request.signed", "request.signed", "request.completed"]
    completed = enqueued.jobs(RecordEvent)[-1]
    assert (completed.occurred_at, completed.details) == (last.occurred_at, {"signers": 2})


def test_two_signers_who_share_a_mailbox_are_both_asked_by_their_own_link(services, enqueued):
    sister = signer("beth", email=ANNA.email)

    open_request.run(open_job(ANNA, sister), services)

    assert asked(enqueued) == ["anna@example.com"] * 2
    links = {job.signing_url for job in enqueued.jobs(SignatureRequestEmail)}
    assert links == {f"{SIGNING_URL}/{DOCUMENT}/anna", f"{SIGNING_URL}/{DOCUMENT}/beth"}


def test_a_sender_who_signs_too_is_told_once(services, enqueued):
    open_request.run(open_job(ANNA, sender=Sender(ANNA.email)), services)

    record_signer_event.run(signed("anna"), services)

    assert told(enqueued) == ["anna@example.com"]


def test_the_entry_of_an_event_says_who_when_and_which(services, enqueued):
    open_request.run(open_job(ANNA, BEN), services)
    event = viewed("anna", occurred_at=NOON - timedelta(minutes=5))

    done = record_signer_event.run(event, services)

    entry = enqueued.jobs(RecordEvent)[-1]
    assert (entry.action, entry.actor, entry.occurred_at) == ("request.viewed", "anna", event.occurred_at)
    assert (entry.document_id, entry.details) == (DOCUMENT, {"event": "viewed", "event_id": event.event_id})
    assert done.outcome == "viewed"


@pytest.mark.parametrize(("ends", "actor"), [(declined("anna"), "anna"), (voided(), None)], ids=["declined", "voided"])
def test_a_request_that_ends_without_signatures_asks_and_tells_nobody(services, enqueued, ends, actor):
    open_request.run(open_job(ANNA, CARL), services)

    record_signer_event.run(ends, services)

    assert asked(enqueued) == ["anna@example.com"]
    assert told(enqueued) == []
    entry = enqueued.jobs(RecordEvent)[-1]
    assert (entry.action, entry.actor) == (f"request.{ends.event.value}", actor)


def test_a_signature_after_the_void_is_recorded_and_asks_nobody(services, enqueued):
    open_request.run(open_job(ANNA, CARL), services)

    record_signer_event.run(voided(), services)
    record_signer_event.run(signed("anna"), services)

    assert actions(enqueued) == ["request.opened", "request.voided", "request.signed"]
    assert asked(enqueued) == ["anna@example.com"]


@pytest.mark.parametrize("repeat", [lambda job: job, by_another_job], ids=["same job", "another job"])
def test_an_event_that_is_reported_twice_is_one_entry_and_no_second_letter(services, enqueued, repeat):
    open_request.run(open_job(ANNA), services)
    last = signed("anna")
    record_signer_event.run(last, services)
    before = list(enqueued.enqueued)

    again = record_signer_event.run(repeat(last), services)

    assert again.outcome == "signed, completed"
    assert enqueued.enqueued == before


@pytest.mark.parametrize("repeat", [lambda job: job, by_another_job], ids=["same job", "another job"])
def test_an_event_that_contradicts_an_earlier_one_is_ignored_with_one_entry(services, enqueued, repeat):
    open_request.run(open_job(ANNA, BEN), services)
    record_signer_event.run(signed("anna"), services)
    contradicting = declined("anna")

    done = record_signer_event.run(contradicting, services)
    record_signer_event.run(repeat(contradicting), services)

    assert done.outcome == "ignored: already_signed"
    assert actions(enqueued) == ["request.opened", "request.signed", "request.event_ignored"]
    entry = enqueued.jobs(RecordEvent)[-1]
    assert entry.details == {"event": "declined", "event_id": contradicting.event_id, "reason": "already_signed"}
    assert asked(enqueued) == ["anna@example.com", "ben@example.com"]


def test_one_event_id_in_two_documents_is_two_entries(services, enqueued):
    for document_id in ("doc_7", "doc_8"):
        open_request.run(open_job(ANNA, BEN, document_id=document_id), services)
        record_signer_event.run(viewed("anna", document_id=document_id, event_id="evt_of_both"), services)

    entries = [entry for entry in enqueued.jobs(RecordEvent) if entry.action == "request.viewed"]
    assert [entry.document_id for entry in entries] == ["doc_7", "doc_8"]


def test_an_event_id_that_an_entry_id_may_not_hold_is_recorded_all_the_same(services, enqueued):
    open_request.run(open_job(ANNA), services)

    record_signer_event.run(viewed("anna", event_id="evt@platform-" + "7" * 87), services)

    assert actions(enqueued) == ["request.opened", "request.viewed"]


def test_an_event_that_overtook_its_request_waits_for_it(services, enqueued):
    event = signed("anna")
    with pytest.raises(Transient, match="no signature request"):
        record_signer_event.run(event, services)
    assert enqueued.enqueued == []

    open_request.run(open_job(ANNA), services)
    done = record_signer_event.run(event, services)

    assert done.outcome == "signed, completed"


def test_an_event_of_somebody_who_is_no_signer_is_for_a_person(services, enqueued):
    open_request.run(open_job(ANNA), services)
    before = list(enqueued.enqueued)

    with pytest.raises(SignerUnknown) as refused:
        record_signer_event.run(signed("eve", occurred_at=NOON - timedelta(minutes=15)), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == before


def test_two_events_under_one_id_are_for_a_person(services, enqueued):
    open_request.run(open_job(ANNA, BEN), services)
    record_signer_event.run(signed("anna", event_id="evt_of_two"), services)
    before = list(enqueued.enqueued)

    with pytest.raises(EventClash) as refused:
        record_signer_event.run(signed("ben", event_id="evt_of_two"), services)

    assert isinstance(refused.value, Permanent)
    assert enqueued.enqueued == before


def test_a_crash_after_the_record_and_before_the_next_order_is_asked_is_made_good(services, enqueued):
    open_request.run(open_job(ANNA, CARL), services)
    begins_turn = signed("anna")
    services.requests.record(begins_turn)

    record_signer_event.run(begins_turn, services)

    assert asked(enqueued) == ["anna@example.com", "carl@example.com"]
    assert actions(enqueued) == ["request.opened", "request.signed"]


def test_a_crash_after_the_record_and_before_everybody_is_told_is_made_good(services, enqueued):
    open_request.run(open_job(ANNA), services)
    completes = signed("anna")
    services.requests.record(completes)

    record_signer_event.run(completes, services)

    assert told(enqueued) == ["anna@example.com", "sender@example.com"]
    assert actions(enqueued) == ["request.opened", "request.signed", "request.completed"]


def test_a_repeat_that_comes_late_asks_nobody_who_has_signed_since(services, enqueued):
    open_request.run(open_job(ANNA, CARL, signer("dora", order=2)), services)
    begins_turn = signed("anna")
    services.requests.record(begins_turn)
    services.requests.record(signed("carl"))

    record_signer_event.run(begins_turn, services)

    assert asked(enqueued) == ["anna@example.com", "dora@example.com"]
