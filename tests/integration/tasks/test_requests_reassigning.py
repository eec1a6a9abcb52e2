"""A signature passed on to somebody else: who is asked, who is left in peace, and what is written down."""

import json
from datetime import timedelta

import msgspec
import pytest

from buffrsign.core.errors import Transient
from buffrsign.core.ids import new_ulid
from buffrsign.jobs import PayloadRefused, decode, encode
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import (
    DocumentCompletedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
    SignerReassignedEmail,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import ExpireRequest
from buffrsign.requests import EventClash, SignerUnknown
from tasks.email import send_signature_reminder, send_signature_request, send_signer_reassigned
from tasks.requests import expire_request, open_request, record_signer_event
from tests.support.clock import NOON
from tests.support.family import SIGNING_URL, actions
from tests.support.letters import POLICY
from tests.support.requests import DOCUMENT, open_job, reassigned, signed, signer, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)
ENDS = NOON + timedelta(days=30)


@pytest.fixture
def opened(services):
    open_request.run(open_job(ANNA, BEN, CARL, reminders=POLICY, expires_at=ENDS, message="Please sign."), services)
    return services


def test_the_new_signer_is_told_whom_they_sign_for_by_a_link_of_their_own(opened, enqueued):
    done = record_signer_event.run(reassigned("anna", to="dora"), opened)

    assert done.outcome == "reassigned"
    [letter] = enqueued.jobs(SignerReassignedEmail)
    assert letter.recipient == Recipient("dora@example.com", "Dora", "en", "dora")
    assert (letter.former_name, letter.sender_email) == ("Anna", "sender@example.com")
    assert (letter.message, letter.expires_at) == ("Please sign.", ENDS)
    assert letter.signing_url == f"{SIGNING_URL}/{DOCUMENT}/dora"


def test_reminders_begin_for_the_new_signer_and_stop_for_the_former_one(opened, mail, enqueued):
    send_signature_request.run(enqueued.jobs(SignatureRequestEmail)[0], opened)
    [of_anna] = enqueued.jobs(SignatureReminderEmail)

    record_signer_event.run(reassigned("anna", to="dora"), opened)
    send_signer_reassigned.run(enqueued.jobs(SignerReassignedEmail)[0], opened)
    dropped = send_signature_reminder.run(of_anna, opened)

    assert dropped.outcome == "dropped: reassigned"
    assert [letter["X-RcptTo"] for letter in mail.messages()] == ["anna@example.com", "dora@example.com"]
    assert [reminder.recipient.recipient_id for reminder in enqueued.jobs(SignatureReminderEmail)] == ["anna", "dora"]


def test_whose_turn_comes_later_is_asked_then_like_everybody(opened, enqueued):
    record_signer_event.run(reassigned("carl", to="dora"), opened)
    assert enqueued.jobs(SignerReassignedEmail) == []

    record_signer_event.run(signed("anna"), opened)
    record_signer_event.run(signed("ben"), opened)

    assert [each.recipient.recipient_id for each in enqueued.jobs(SignatureRequestEmail)] == ["anna", "ben", "dora"]


def test_the_end_is_told_to_who_signed_and_counts_nobody_twice(opened, enqueued):
    record_signer_event.run(reassigned("anna", to="dora"), opened)
    for name in ("dora", "ben", "carl"):
        record_signer_event.run(signed(name), opened)

    told = [letter.recipient.email for letter in enqueued.jobs(DocumentCompletedEmail)]
    assert told == [f"{name}@example.com" for name in ("dora", "ben", "carl", "sender")]
    assert enqueued.jobs(RecordEvent)[-1].details == {"signers": 3}


def test_an_expiry_counts_who_is_asked_and_not_who_was(opened, enqueued, clock):
    record_signer_event.run(reassigned("anna", to="dora"), opened)
    record_signer_event.run(signed("dora"), opened)
    clock.now = ENDS

    expire_request.run(enqueued.jobs(ExpireRequest)[0], opened)

    [letter] = enqueued.jobs(RequestExpiredEmail)
    assert (letter.signed, letter.asked) == (1, 3)


def test_who_was_replaced_hears_no_more_of_the_request(opened, mail, enqueued):
    send_signature_request.run(enqueued.jobs(SignatureRequestEmail)[0], opened)
    record_signer_event.run(reassigned("anna", to="dora"), opened)
    send_signer_reassigned.run(enqueued.jobs(SignerReassignedEmail)[0], opened)

    record_signer_event.run(voided(), opened)

    assert [letter.recipient.recipient_id for letter in enqueued.jobs(RequestVoidedEmail)] == ["dora"]


def test_the_entry_says_who_was_replaced_by_whom_and_nothing_of_them(opened, enqueued):
    event = reassigned("anna", to="dora")

    record_signer_event.run(event, opened)

    entry = enqueued.jobs(RecordEvent)[-1]
    assert (entry.action, entry.actor) == ("request.reassigned", None)
    assert entry.details == {
        "event": "reassigned",
        "event_id": event.event_id,
        "recipient_id": "anna",
        "new_recipient_id": "dora",
    }


@pytest.mark.parametrize("crashed", [False, True], ids=["after its end", "after a crash before the letter"])
def test_a_reassignment_that_is_reported_twice_is_one_letter_and_one_entry(opened, enqueued, crashed):
    event = reassigned("anna", to="dora")
    if crashed:
        opened.requests.record(event)
    else:
        record_signer_event.run(event, opened)

    record_signer_event.run(msgspec.structs.replace(event, job_id=new_ulid()), opened)

    assert [each.recipient.recipient_id for each in enqueued.jobs(SignerReassignedEmail)] == ["dora"]
    assert len(enqueued.jobs(SignatureRequestEmail)) == 2
    assert actions(enqueued).count("request.reassigned") == 1


def test_a_late_repeat_of_what_began_a_turn_asks_nobody_again_who_took_a_place_in_it(services, enqueued, clock):
    open_request.run(open_job(ANNA, CARL), services)
    begins_turn = signed("anna")
    record_signer_event.run(begins_turn, services)
    clock.advance(timedelta(minutes=1))
    record_signer_event.run(reassigned("carl", to="dora"), services)

    record_signer_event.run(msgspec.structs.replace(begins_turn, job_id=new_ulid()), services)

    assert [each.recipient.recipient_id for each in enqueued.jobs(SignatureRequestEmail)] == ["anna", "carl"]
    assert len(enqueued.jobs(SignerReassignedEmail)) == 1


def test_one_event_id_for_two_new_signers_is_for_a_person(opened):
    record_signer_event.run(reassigned("anna", to="dora", event_id="evt_same"), opened)

    with pytest.raises(EventClash):
        record_signer_event.run(reassigned("anna", to="emil", event_id="evt_same"), opened)


def test_a_reassignment_that_cannot_be_is_ignored_with_its_reason_and_asks_nobody(opened, enqueued):
    record_signer_event.run(signed("anna"), opened)

    done = record_signer_event.run(reassigned("anna", to="dora"), opened)

    assert done.outcome == "ignored: already_signed"
    assert enqueued.jobs(RecordEvent)[-1].details["reason"] == "already_signed"
    assert enqueued.jobs(SignerReassignedEmail) == []


def test_a_signature_that_overtook_its_reassignment_waits_for_it(opened, enqueued):
    early = signed("dora")
    with pytest.raises(Transient, match="a reassignment may be on its way"):
        record_signer_event.run(early, opened)

    record_signer_event.run(reassigned("anna", to="dora"), opened)

    assert record_signer_event.run(early, opened).outcome == "signed"


def test_what_waits_for_a_reassignment_that_does_not_come_is_for_a_person(opened, clock):
    early = signed("dora")
    clock.advance(timedelta(minutes=15))

    with pytest.raises(SignerUnknown):
        record_signer_event.run(early, opened)


def test_an_opening_that_comes_again_after_a_reassignment_is_the_same_one(opened):
    job = open_job(ANNA, BEN, CARL, reminders=POLICY, expires_at=ENDS, message="Please sign.")
    record_signer_event.run(reassigned("anna", to="dora"), opened)

    assert opened.requests.open(job).identical


@pytest.mark.parametrize("wrong", [{"new_signer": None}, {"recipient_id": None}], ids=["to nobody", "of nobody"])
def test_a_reassignment_says_whose_place_and_who_takes_it(wrong):
    payload = {**encode(reassigned("anna", to="dora")), **wrong}

    with pytest.raises(PayloadRefused):
        decode("requests.signer_event", json.loads(json.dumps(payload)), job_id=new_ulid())
