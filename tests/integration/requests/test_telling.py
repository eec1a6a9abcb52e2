"""What a request knows of its letters: who was told what, what comes next, and what is asked for by hand."""

from datetime import timedelta

import pytest

from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import Event, ReminderPolicy
from buffrsign.requests import (
    AlreadyRecorded,
    Awaited,
    Next,
    NotApplied,
    Notice,
    Recorded,
    SignerUnknown,
    Told,
    WhyNotApplied,
)
from tests.support.clock import NOON
from tests.support.requests import DOCUMENT, event, open_job, signed, signer, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)
ANNAS_MAILBOX = Recipient("anna@example.com", recipient_id="anna")
DAY = timedelta(days=1)
POLICY = ReminderPolicy(first_after=5 * DAY, every=2 * DAY, at_most=2, quiet_from="00:00", quiet_until="00:00")


@pytest.fixture
def opened(requests):
    requests.open(open_job(ANNA, BEN, CARL, reminders=POLICY, expires_at=NOON + 30 * DAY))
    return requests


def test_a_notice_is_kept_once_with_the_time_of_the_first(opened, clock):
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REQUEST, round_=1)
    clock.advance(DAY)
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REQUEST, round_=1)
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REMINDER, round_=1)

    assert opened.notices(DOCUMENT) == (
        Notice("anna", "signature_request", 1, NOON),
        Notice("anna", "signature_reminder", 1, NOON + DAY),
    )


def test_of_a_document_without_a_request_and_of_strangers_nothing_is_noted(opened):
    opened.note_told("doc_8", ANNAS_MAILBOX, letter=Told.REQUEST, round_=1)
    opened.note_told(DOCUMENT, Recipient("else@example.com"), letter=Told.REQUEST, round_=1)

    assert opened.notices("doc_8") == opened.notices(DOCUMENT) == ()
    assert opened.plan_next("doc_8", ANNAS_MAILBOX) is None
    assert opened.plan_next(DOCUMENT, Recipient("else@example.com")) is None


def test_what_comes_next_is_planned_and_noted(opened):
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REQUEST, round_=1)

    planned = opened.plan_next(DOCUMENT, ANNAS_MAILBOX)

    assert planned == Next(Told.REMINDER, 1, NOON + 5 * DAY)
    assert opened.planned(DOCUMENT) == {"anna": planned}


def test_nothing_is_planned_any_more_once_the_signer_has_signed(opened):
    opened.plan_next(DOCUMENT, ANNAS_MAILBOX)
    opened.record(signed("anna"))

    assert opened.plan_next(DOCUMENT, ANNAS_MAILBOX) is None
    assert opened.planned(DOCUMENT) == {}


def test_an_extension_moves_the_expiry_and_asks_again_whoever_it_had_run_out_for(opened, clock):
    clock.advance(31 * DAY)
    assert opened.awaits(DOCUMENT, ANNAS_MAILBOX) != Awaited()

    outcome = opened.record(event(Event.EXTENDED, expires_at=NOON + 40 * DAY))

    assert outcome == Recorded(next_signers=(ANNA, BEN))
    assert opened.find(DOCUMENT).expires_at == NOON + 40 * DAY
    assert opened.awaits(DOCUMENT, ANNAS_MAILBOX) == Awaited()


@pytest.mark.parametrize(
    ("before", "until", "reason"),
    [
        ([], 30 * DAY, WhyNotApplied.NOT_LATER),
        ([], 10 * DAY, WhyNotApplied.NOT_LATER),
        ([voided()], 40 * DAY, WhyNotApplied.ALREADY_VOIDED),
        ([signed("anna"), signed("ben"), signed("carl")], 40 * DAY, WhyNotApplied.ALREADY_COMPLETED),
    ],
    ids=["the same", "earlier", "voided", "completed"],
)
def test_an_extension_that_extends_nothing_is_kept_and_moves_nothing(opened, before, until, reason):
    for each in before:
        opened.record(each)

    assert opened.record(event(Event.EXTENDED, expires_at=NOON + until)) == NotApplied(reason)
    assert opened.find(DOCUMENT).expires_at == NOON + 30 * DAY


def test_a_reminder_that_is_asked_for_by_hand_is_the_next_round_and_its_repeat_says_the_same(opened, clock):
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REMINDER, round_=1)
    asked = event(Event.REMIND_NOW, recipient_id="anna")

    outcome = opened.record(asked)

    assert outcome == Recorded(asked_for=ANNA, round=2)
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REMINDER, round_=2)
    clock.advance(DAY)
    assert opened.record(asked) == AlreadyRecorded(outcome)


def test_a_letter_that_was_not_received_comes_once_more(opened):
    opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REQUEST, round_=1)

    assert opened.record(event(Event.NOT_RECEIVED, recipient_id="anna")) == Recorded(asked_for=ANNA, round=2)


def test_letters_may_be_asked_for_once_an_hour_and_signer(opened, clock):
    opened.record(event(Event.NOT_RECEIVED, recipient_id="anna"))

    too_soon = opened.record(event(Event.REMIND_NOW, recipient_id="anna"))
    of_another = opened.record(event(Event.REMIND_NOW, recipient_id="ben"))
    clock.advance(timedelta(hours=1))
    later = opened.record(event(Event.REMIND_NOW, recipient_id="anna"))

    assert too_soon == NotApplied(WhyNotApplied.TOO_SOON)
    assert of_another == Recorded(asked_for=BEN, round=1)
    assert later == Recorded(asked_for=ANNA, round=1)


def test_reminders_by_hand_count_among_those_that_the_sender_allows(opened):
    for number in (1, 2):
        opened.note_told(DOCUMENT, ANNAS_MAILBOX, letter=Told.REMINDER, round_=number)

    assert opened.record(event(Event.REMIND_NOW, recipient_id="anna")) == NotApplied(WhyNotApplied.NO_REMINDER_LEFT)


def test_nobody_is_reminded_whose_signature_is_not_awaited(opened):
    opened.record(signed("anna"))

    for name in ("anna", "carl"):
        assert opened.record(event(Event.REMIND_NOW, recipient_id=name)) == NotApplied(WhyNotApplied.NOT_AWAITED)
    with pytest.raises(SignerUnknown):
        opened.record(event(Event.REMIND_NOW, recipient_id="nobody"))
