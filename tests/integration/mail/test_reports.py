"""What a report changes, on the databases that production has."""

from datetime import timedelta
from functools import partial

import msgspec
import pytest
from sqlalchemy import update

from buffrsign.core.ids import new_ulid
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.record import AlreadyAccepted, AlreadyBounced, DeliveryRecord
from buffrsign.mail.reports import Outcome, Report
from buffrsign.mail.states import Event, Source, State
from buffrsign.mail.suppression import SuppressionList, Why
from buffrsign.mail.tables import mail_deliveries
from tests.support.mail import ANNA, NOW, REMINDER, REQUEST
from tests.support.mail_records import HOST, bring_to, claimed, report_of
from tests.support.racing import race


@pytest.fixture
def record(database):
    return DeliveryRecord(database, clock=lambda: NOW)


@pytest.fixture
def suppressions(database):
    return SuppressionList(database, clock=lambda: NOW)


def by_recipient(address: str, event: Event = Event.BOUNCED) -> Report:
    return Report("report by recipient", event, Source.DSN, NOW, recipient=address, status="5.1.1")


def test_a_bounce_that_comes_later_makes_an_accepted_letter_bounced_in_the_reporters_words(record, suppressions):
    bring_to(record, REQUEST, State.ACCEPTED)

    reported = record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1", response="550 no such user"))

    assert (reported.outcome, reported.was, reported.suppressed) == (Outcome.CHANGED, State.ACCEPTED, True)
    delivery = record.find(REQUEST.job_id)
    assert (delivery.state, delivery.status, delivery.source) == (State.BOUNCED, "5.1.1", Source.DSN)
    assert (delivery.response, delivery.host) == ("550 no such user", HOST)
    assert record.history(REQUEST.job_id)[-1].words.host == "mx.far.example"
    assert suppressions.reason_for(ANNA.email) is Why.HARD_BOUNCE


def test_a_letter_that_came_back_is_not_tried_again_by_any_job(record):
    bring_to(record, REQUEST, State.ACCEPTED)
    record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1"))

    assert record.ended(REQUEST) == AlreadyBounced(HOST, Source.DSN)


def test_a_bounce_that_is_not_for_good_suppresses_nobody(record, suppressions):
    bring_to(record, REQUEST, State.ACCEPTED)

    reported = record.report(report_of(REQUEST, Event.BOUNCED, status="4.4.7"))

    assert (reported.delivery.state, reported.suppressed) == (State.BOUNCED, False)
    assert suppressions.reason_for(ANNA.email) is None


def test_a_delay_is_noted_and_changes_nothing(record, suppressions):
    bring_to(record, REQUEST, State.ACCEPTED)

    reported = record.report(report_of(REQUEST, Event.DEFERRED, status="4.4.1", response="no route"))

    assert (reported.outcome, record.find(REQUEST.job_id).state) == (Outcome.NOTED, State.ACCEPTED)
    last = record.history(REQUEST.job_id)[-1]
    assert (last.state, last.entered, last.words.response) == ("deferred", False, "no route")
    assert suppressions.select() == []


def test_a_complaint_suppresses_its_mailbox(record, suppressions):
    bring_to(record, REQUEST, State.ACCEPTED)

    reported = record.report(report_of(REQUEST, Event.COMPLAINED))

    assert (reported.delivery.state, reported.suppressed) == (State.COMPLAINED, True)
    assert [(each.reason, each.job_id) for each in suppressions.select()] == [(Why.COMPLAINT, REQUEST.job_id)]


@pytest.mark.parametrize("state", [State.HANDING_OVER, State.UNCERTAIN])
def test_evidence_of_delivery_ends_a_doubt(record, state):
    bring_to(record, REQUEST, state)

    record.report(report_of(REQUEST, Event.DELIVERED))

    assert record.ended(REQUEST) == AlreadyAccepted(HOST, Source.DSN)


def test_a_bounce_that_overtakes_our_own_record_stands(record):
    claim = claimed(record, REQUEST)
    record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1"))

    record.settle(claim, State.ACCEPTED, host=HOST, response="250 ok")

    assert record.find(REQUEST.job_id).state is State.BOUNCED


def test_evidence_of_delivery_keeps_the_server_s_later_from_sending_again(record):
    claim = claimed(record, REQUEST)
    record.report(report_of(REQUEST, Event.DELIVERED))

    record.settle(claim, State.DEFERRED, host=HOST, response="421 closing")

    assert record.ended(REQUEST) == AlreadyAccepted(HOST, Source.DSN)


def test_a_report_that_comes_twice_is_taken_in_once(record, suppressions):
    bring_to(record, REQUEST, State.ACCEPTED)
    report = report_of(REQUEST, Event.BOUNCED, status="5.1.1")
    record.report(report)
    suppressions.clear(ANNA.email, why="it works again")

    again = record.report(report)

    assert (again.outcome, again.delivery.state, again.suppressed) == (Outcome.REPEATED, State.BOUNCED, False)
    assert len(record.history(REQUEST.job_id)) == 3
    assert suppressions.reason_for(ANNA.email) is None


def test_a_report_that_comes_many_times_at_once_is_taken_in_once(record):
    bring_to(record, REQUEST, State.ACCEPTED)
    report = report_of(REQUEST, Event.BOUNCED, status="5.1.1")

    outcomes = [reported.outcome for reported in race([partial(record.report, report)] * 6)]

    assert sorted(outcomes) == [Outcome.CHANGED, *[Outcome.REPEATED] * 5]


def test_a_message_of_somebody_else_s_is_unmatched_even_if_we_wrote_to_its_recipient(record):
    bring_to(record, REQUEST, State.ACCEPTED)
    of_others = msgspec.structs.replace(REQUEST, job_id=new_ulid())
    report = report_of(of_others, Event.BOUNCED, status="5.1.1")

    reported = record.report(Report(**{**vars(report), "recipient": ANNA.email}))

    assert (reported.outcome, record.find(REQUEST.job_id).state) == (Outcome.UNMATCHED, State.ACCEPTED)


@pytest.mark.parametrize("address", ["anna@example.com", "Anna@EXAMPLE.com"])
def test_a_report_without_a_message_id_is_matched_by_its_recipient_where_one_letter_fits(record, address):
    bring_to(record, REQUEST, State.ACCEPTED)

    assert record.report(by_recipient(address)).outcome is Outcome.CHANGED
    assert record.report(by_recipient(address)).outcome is Outcome.REPEATED


def test_a_report_that_fits_two_letters_changes_neither(record, suppressions):
    for letter in (REQUEST, REMINDER):
        bring_to(record, letter, State.ACCEPTED)

    assert record.report(by_recipient(ANNA.email)).outcome is Outcome.AMBIGUOUS
    assert {record.find(letter.job_id).state for letter in (REQUEST, REMINDER)} == {State.ACCEPTED}
    assert suppressions.select() == []


@pytest.mark.parametrize("recipient", [None, "nobody@example.com"])
def test_a_report_that_fits_no_letter_is_unmatched(record, recipient):
    bring_to(record, REQUEST, State.ACCEPTED)
    report = Report("a report", Event.BOUNCED, Source.DSN, NOW, recipient=recipient, status="5.1.1")

    assert record.report(report).outcome is Outcome.UNMATCHED


def test_a_letter_that_an_older_release_sent_is_known_by_its_job(record, database):
    bring_to(record, REQUEST, State.ACCEPTED)
    with database.write() as connection:
        connection.execute(update(mail_deliveries).values(message_id=None))

    assert record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1")).outcome is Outcome.CHANGED


def test_the_mailbox_that_we_wrote_to_is_suppressed_and_not_the_one_it_was_forwarded_to(record, suppressions):
    bring_to(record, REQUEST, State.ACCEPTED)
    report = report_of(REQUEST, Event.BOUNCED, status="5.1.1")

    record.report(Report(**{**vars(report), "recipient": "forwarded@example.net"}))

    assert suppressions.reason_for("forwarded@example.net") is None
    assert suppressions.reason_for(ANNA.email) is Why.HARD_BOUNCE


def test_an_older_report_does_not_bring_back_what_a_person_cleared(record, suppressions):
    for letter in (REQUEST, REMINDER):
        bring_to(record, letter, State.ACCEPTED)
    record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1"))
    suppressions.clear(ANNA.email, why="the mailbox was full, and is not")

    older = record.report(report_of(REMINDER, Event.BOUNCED, status="5.1.1", at=NOW - timedelta(minutes=1)))

    assert (older.outcome, older.suppressed) == (Outcome.CHANGED, False)
    assert suppressions.reason_for(ANNA.email) is None


def test_a_mailbox_outside_ascii_is_suppressed_in_every_spelling(record, suppressions):
    letter = msgspec.structs.replace(REQUEST, recipient=Recipient("Ündi@Bücher.example"))
    bring_to(record, letter, State.ACCEPTED)

    record.report(report_of(letter, Event.BOUNCED, status="5.1.1"))

    assert suppressions.reason_for("ündi@xn--bcher-kva.example") is Why.HARD_BOUNCE
