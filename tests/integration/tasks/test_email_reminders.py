"""What comes after a letter: reminders, the last chance, and whom the sender hears of."""

import re
from datetime import timedelta

import msgspec
import pytest

from buffrsign.core.errors import InDoubt, NotYet
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import (
    DeliveryFailedEmail,
    LastChanceEmail,
    SignatureReminderEmail,
    WhyUnreached,
)
from buffrsign.jobs.requests import Event
from buffrsign.mail.delivery import MailRefused
from buffrsign.mail.links import LinkKeys, Valid
from buffrsign.mail.record import DeliveryRecord
from buffrsign.mail.suppression import SuppressionList
from buffrsign.requests import Told
from buffrsign.testing import assert_enqueued
from tasks.email import send_last_chance, send_signature_reminder, send_signature_request
from tasks.requests import record_signer_event
from tests.support.clock import NOON
from tests.support.family import use_mail_server
from tests.support.letters import ADDRESS, LETTER, POLICY, REMINDER, REQUEST
from tests.support.mail_records import claimed
from tests.support.requests import DOCUMENT, event, extended, open_job, signer
from tests.support.smtp import Script, ScriptedSmtp


def test_a_reminder_schedules_the_next_one_after_the_senders_interval(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))

    send_signature_reminder.run(REMINDER, services)

    [following] = [known for known in enqueued.enqueued if isinstance(known.job, SignatureReminderEmail)]
    assert following.at == NOON + timedelta(days=2)
    assert following.job.job_id != REMINDER.job_id
    assert following.job == msgspec.structs.replace(
        REMINDER, job_id=following.job.job_id, sender_email="sender@example.com", round=2
    )


def test_a_reminder_by_hand_and_one_on_time_say_the_same(services, mail, enqueued):
    asked = open_job(signer("anna"), reminders=POLICY, expires_at=NOON + timedelta(days=30))
    services.requests.open(asked)
    link = f"{services.settings.signing_url}/{DOCUMENT}/anna"

    record_signer_event.run(event(Event.REMIND_NOW, recipient_id="anna"), services)
    [by_hand] = enqueued.jobs(SignatureReminderEmail)
    send_signature_reminder.run(by_hand, services)

    on_time = enqueued.jobs(SignatureReminderEmail)[-1]
    assert on_time.signing_url == link
    assert msgspec.structs.replace(by_hand, job_id=on_time.job_id, round=2) == on_time


def test_the_letter_that_was_taken_plans_the_first_reminder(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))

    send_signature_request.run(REQUEST, services)

    [first] = [known for known in enqueued.enqueued if isinstance(known.job, SignatureReminderEmail)]
    assert (first.at, first.job.round) == (NOON + timedelta(days=5), 1)
    assert [notice.letter for notice in services.requests.notices(DOCUMENT)] == ["signature_request"]


def test_a_letter_that_nobody_took_plans_no_reminder(services, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))

    with ScriptedSmtp(Script(rcpt="550 5.1.1 no such user")) as server:
        use_mail_server(services, server.port)
        with pytest.raises(MailRefused):
            send_signature_request.run(REQUEST, services)

    assert enqueued.jobs(SignatureReminderEmail) == []
    assert services.requests.notices(DOCUMENT) == ()


def test_the_last_chance_is_planned_for_a_day_before_the_end(services, mail, enqueued):
    ends = NOON + timedelta(days=4)
    services.requests.open(open_job(signer("anna"), reminders=POLICY, expires_at=ends))

    send_signature_request.run(REQUEST, services)

    [last] = [known for known in enqueued.enqueued if isinstance(known.job, LastChanceEmail)]
    assert (last.at, last.job.expires_at) == (NOON + timedelta(days=3), ends)


def test_a_last_chance_before_a_time_that_was_moved_is_not_sent_and_another_is_planned(services, mail, enqueued):
    ends = NOON + timedelta(days=1)
    services.requests.open(open_job(signer("anna"), reminders=POLICY, expires_at=ends))
    services.requests.record(extended(NOON + timedelta(days=4)))
    last = LastChanceEmail(**{**LETTER, "expires_at": ends})

    done = send_last_chance.run(last, services)

    assert (done.outcome, mail.messages()) == ("dropped: superseded", [])
    [again] = [known for known in enqueued.enqueued if isinstance(known.job, LastChanceEmail)]
    assert again.at == NOON + timedelta(days=3)


def test_a_reminder_that_was_told_by_hand_meanwhile_is_not_sent_twice(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))
    services.requests.note_told(DOCUMENT, LETTER["recipient"], letter=Told.REMINDER, round_=1)

    done = send_signature_reminder.run(REMINDER, services)

    assert (done.outcome, mail.messages()) == ("dropped: superseded", [])
    assert [reminder.round for reminder in enqueued.jobs(SignatureReminderEmail)] == [2]


def test_a_reminder_that_comes_due_in_the_night_waits_for_the_morning(services, mail, enqueued, clock):
    services.requests.open(open_job(signer("anna")))
    clock.now = NOON.replace(hour=22)  # midnight in Windhoek

    with pytest.raises(NotYet) as early:
        send_signature_reminder.run(REMINDER, services)

    assert early.value.delay == timedelta(hours=8)
    assert mail.messages() == []


def test_an_overdue_reminder_is_sent_once_and_the_next_is_counted_from_then(services, mail, enqueued, clock):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))
    clock.advance(timedelta(days=30))

    send_signature_reminder.run(REMINDER, services)

    assert len(mail.messages()) == 1
    [following] = [known for known in enqueued.enqueued if isinstance(known.job, SignatureReminderEmail)]
    assert following.at == NOON + timedelta(days=32)


def test_a_link_is_minted_when_its_letter_is_sent_and_stands_nowhere_else(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))
    services.__dict__["links"] = keys = LinkKeys({"now": b"k" * 32})
    job = msgspec.structs.replace(REQUEST, signing_url=f"{services.settings.signing_url}/{DOCUMENT}/anna")

    send_signature_request.run(job, services)

    [letter] = mail.messages()
    [token] = re.findall(r"[?]token=(\S+)", letter.get_body(("plain",)).get_content())
    assert keys.check(token, purpose="sign", subject=(DOCUMENT, "anna"), now=NOON) == Valid()
    assert all("token" not in msgspec.json.encode(known.job).decode() for known in enqueued.enqueued)


def test_who_is_suppressed_gets_no_reminder_and_the_sender_is_told(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))
    SuppressionList(services.database, clock=services.clock).add(ADDRESS, why="they asked us to")

    done = send_signature_request.run(REQUEST, services)

    assert done.outcome.startswith("suppressed")
    assert (mail.messages(), enqueued.jobs(SignatureReminderEmail)) == ([], [])
    assert_enqueued(enqueued, DeliveryFailedEmail, why=WhyUnreached.SUPPRESSED)


def test_reminders_end_after_as_many_as_the_sender_allows(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))
    reminder = REMINDER

    for round_ in (2, 3):
        send_signature_reminder.run(reminder, services)
        reminder = assert_enqueued(enqueued, SignatureReminderEmail, round=round_)
    send_signature_reminder.run(reminder, services)

    assert [reminder.round for reminder in enqueued.jobs(SignatureReminderEmail)] == [2, 3]
    assert len(mail.messages()) == 3
    assert [entry.details["round"] for entry in enqueued.jobs(RecordEvent)] == [1, 2, 3]


def test_a_reminder_that_is_delivered_again_schedules_the_next_one_once(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))

    for _ in range(2):
        send_signature_reminder.run(REMINDER, services)

    assert [reminder.round for reminder in enqueued.jobs(SignatureReminderEmail)] == [2]
    assert len(mail.messages()) == 1


@pytest.mark.parametrize("document_id", [None, "doc_of_another_service"])
def test_a_loose_reminder_is_sent_and_schedules_none(services, mail, enqueued, document_id):
    send_signature_reminder.run(msgspec.structs.replace(REMINDER, document_id=document_id), services)

    assert len(mail.messages()) == 1
    assert enqueued.jobs(SignatureReminderEmail) == []


def test_a_doubt_about_a_reminder_does_not_end_the_reminders(services, mail, enqueued):
    services.requests.open(open_job(signer("anna"), reminders=POLICY))
    claimed(DeliveryRecord(services.database, clock=services.clock), REMINDER)

    for _ in range(2):
        with pytest.raises(InDoubt):
            send_signature_reminder.run(REMINDER, services)

    assert [reminder.round for reminder in enqueued.jobs(SignatureReminderEmail)] == [2]
