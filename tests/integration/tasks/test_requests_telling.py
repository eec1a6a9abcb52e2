"""Whom a request tells of its end, and what is asked for by hand."""

from datetime import timedelta

import pytest

from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import (
    Letter,
    RequestDeclinedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import Event, ExpireRequest
from buffrsign.requests import Told
from buffrsign.testing import RecordingProducer
from tasks.email import send_request_expired, send_signature_request
from tasks.requests import expire_request, open_request, record_signer_event
from tests.support.clock import NOON
from tests.support.requests import DOCUMENT, declined, event, extended, open_job, signed, signer, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)


def recipients(enqueued: RecordingProducer, contract: type[Letter]) -> list[str]:
    """Who gets letters of this kind, in order."""
    return [job.recipient.email for job in enqueued.jobs(contract)]


def test_the_end_of_a_request_is_looked_at_when_its_time_is_over(services, enqueued):
    open_request.run(open_job(ANNA, expires_at=NOON + timedelta(days=9)), services)

    [look] = [known for known in enqueued.enqueued if isinstance(known.job, ExpireRequest)]
    assert look.at == NOON + timedelta(days=9)


def test_the_sender_is_told_that_a_request_expired_and_how_many_had_signed(services, enqueued, clock):
    open_request.run(open_job(ANNA, BEN, expires_at=NOON + timedelta(days=9)), services)
    record_signer_event.run(signed("anna"), services)
    clock.advance(timedelta(days=9))

    done = expire_request.run(the_look(enqueued), services)

    assert done.outcome == "expired, 1 of 2 signed"
    [letter] = enqueued.jobs(RequestExpiredEmail)
    assert (letter.recipient.email, letter.signed, letter.asked) == ("sender@example.com", 1, 2)
    assert enqueued.jobs(RecordEvent)[-1].action == "request.expired"


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (signed("anna"), "decided before"),
        (voided(), "decided before"),
        (extended(NOON + timedelta(days=20)), "extended"),
    ],
    ids=["signed", "voided", "extended"],
)
def test_nobody_is_told_of_an_end_that_is_none(services, enqueued, clock, before, outcome):
    open_request.run(open_job(ANNA, expires_at=NOON + timedelta(days=9)), services)
    look = the_look(enqueued)
    record_signer_event.run(before, services)
    clock.advance(timedelta(days=9))

    assert expire_request.run(look, services).outcome == outcome
    assert enqueued.jobs(RequestExpiredEmail) == []


def test_each_expiry_of_an_extended_request_is_told_once(services, mail, enqueued, clock):
    open_request.run(open_job(ANNA, expires_at=NOON + timedelta(days=9)), services)
    for days in (9, 20):
        clock.now = NOON + timedelta(days=days)
        look = enqueued.jobs(ExpireRequest)[-1]
        for _ in range(2):
            expire_request.run(look, services)
        send_request_expired.run(enqueued.jobs(RequestExpiredEmail)[-1], services)
        record_signer_event.run(extended(NOON + timedelta(days=days + 11)), services)

    assert [letter.round for letter in enqueued.jobs(RequestExpiredEmail)] == [1, 2]
    assert [letter["X-RcptTo"] for letter in mail.messages()] == ["sender@example.com"] * 2


def test_an_extension_in_time_is_no_expiry_and_leaves_the_round(services, enqueued, clock):
    open_request.run(open_job(ANNA, expires_at=NOON + timedelta(days=9)), services)
    record_signer_event.run(extended(NOON + timedelta(days=20)), services)
    clock.now = NOON + timedelta(days=20)

    expire_request.run(enqueued.jobs(ExpireRequest)[-1], services)

    assert [letter.round for letter in enqueued.jobs(RequestExpiredEmail)] == [1]


def test_who_is_asked_again_after_an_expiry_gets_a_letter_once_more_and_once_only(services, mail, enqueued, clock):
    open_request.run(open_job(ANNA, expires_at=NOON + timedelta(days=9)), services)
    send_signature_request.run(enqueued.jobs(SignatureRequestEmail)[0], services)
    clock.now = NOON + timedelta(days=9)
    more_time = extended(NOON + timedelta(days=20))

    for _ in range(2):
        record_signer_event.run(more_time, services)
        send_signature_request.run(enqueued.jobs(SignatureRequestEmail)[-1], services)

    assert [letter.round for letter in enqueued.jobs(SignatureRequestEmail)] == [1, 2]
    assert [letter["X-RcptTo"] for letter in mail.messages()] == ["anna@example.com"] * 2


def the_look(enqueued: RecordingProducer) -> ExpireRequest:
    """The first look at the end that was enqueued."""
    return enqueued.jobs(ExpireRequest)[0]


def test_the_sender_is_told_who_declined(services, enqueued):
    open_request.run(open_job(ANNA, BEN), services)

    record_signer_event.run(declined("anna"), services)

    [letter] = enqueued.jobs(RequestDeclinedEmail)
    assert (letter.recipient.email, letter.signer_name) == ("sender@example.com", "Anna")


def test_who_was_told_of_a_request_is_told_that_it_was_taken_back_and_nobody_else(services, enqueued):
    open_request.run(open_job(ANNA, BEN, CARL), services)
    services.requests.note_told(
        DOCUMENT, Recipient("anna@example.com", recipient_id="anna"), letter=Told.REQUEST, round_=1
    )

    record_signer_event.run(voided(), services)

    assert recipients(enqueued, RequestVoidedEmail) == ["anna@example.com"]


def test_a_reminder_by_hand_is_the_one_that_was_pending_and_comes_now(services, enqueued):
    open_request.run(open_job(ANNA), services)

    done = record_signer_event.run(event(Event.REMIND_NOW, recipient_id="anna"), services)

    assert done.outcome == "remind_now"
    [reminder] = enqueued.jobs(SignatureReminderEmail)
    assert (reminder.round, reminder.recipient.email) == (1, "anna@example.com")


def test_a_letter_that_was_not_received_comes_again_in_a_round_of_its_own(services, enqueued):
    open_request.run(open_job(ANNA), services)
    services.requests.note_told(
        DOCUMENT, Recipient("anna@example.com", recipient_id="anna"), letter=Told.REQUEST, round_=1
    )

    record_signer_event.run(event(Event.NOT_RECEIVED, recipient_id="anna"), services)
    again = record_signer_event.run(event(Event.NOT_RECEIVED, recipient_id="anna"), services)

    assert [letter.round for letter in enqueued.jobs(SignatureRequestEmail)] == [1, 2]
    assert again.outcome == "ignored: too_soon"
