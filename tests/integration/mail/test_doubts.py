from datetime import timedelta

import pytest

from buffrsign.mail.doubts import Doubts, NotUncertain
from buffrsign.mail.record import AlreadyAccepted, AlreadyBounced, DeliveryRecord, Uncertain
from buffrsign.mail.states import Source, State
from tests.support.clock import StoppedClock
from tests.support.mail import COMPLETED, REMINDER, REQUEST
from tests.support.mail_records import HOST, bring_to, claimed, message_id_of


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def record(database, clock):
    return DeliveryRecord(database, clock=clock)


@pytest.fixture
def doubts(database, clock):
    return Doubts(database, clock)


def test_uncertain_letters_are_listed_the_oldest_first(record, doubts, clock):
    for letter, state in ((REMINDER, State.UNCERTAIN), (COMPLETED, State.ACCEPTED), (REQUEST, State.UNCERTAIN)):
        bring_to(record, letter, state)
        clock.advance(timedelta(minutes=1))

    assert [each.job_id for each in doubts.select()] == [REMINDER.job_id, REQUEST.job_id]


def test_a_hand_over_that_nobody_ended_within_an_hour_is_a_doubt_too(record, doubts, clock):
    claimed(record, REQUEST)
    assert doubts.select() == []

    clock.advance(timedelta(hours=1))

    assert [each.state for each in doubts.select()] == [State.HANDING_OVER]
    doubts.settle(REQUEST.job_id, State.BOUNCED, why="it is not in the log")
    assert [line.state for line in record.history(REQUEST.job_id)] == ["handing_over", "uncertain", "bounced"]


def test_people_are_told_of_a_letter_after_an_hour_and_then_once_a_day(record, doubts, clock):
    bring_to(record, REQUEST, State.UNCERTAIN)
    told = []

    for hour in range(50):
        due = doubts.due_for_alert()
        doubts.alerted(due)
        told += [hour] * len(due)
        clock.advance(timedelta(hours=1))

    assert told == [1, 25, 49]


def test_nobody_is_told_of_a_doubt_that_was_answered_within_the_hour(record, doubts, clock):
    bring_to(record, REQUEST, State.UNCERTAIN)
    doubts.settle(REQUEST.job_id, State.ACCEPTED, why="it is in the log")

    clock.advance(timedelta(hours=2))

    assert doubts.due_for_alert() == []


@pytest.mark.parametrize(
    ("state", "end"),
    [(State.ACCEPTED, AlreadyAccepted(HOST, Source.PERSON)), (State.BOUNCED, AlreadyBounced(HOST, Source.PERSON))],
    ids=["accepted", "bounced"],
)
def test_what_a_person_found_out_is_the_end_of_a_letter(record, doubts, state, end):
    bring_to(record, REQUEST, State.UNCERTAIN)

    settled = doubts.settle(REQUEST.job_id, state, why="the server's log says so")

    assert (settled.state, settled.source, settled.response) == (state, Source.PERSON, "the server's log says so")
    assert record.ended(REQUEST) == end


def test_a_letter_that_may_be_resent_is_claimed_once_more_under_its_message_id(record, doubts):
    bring_to(record, REQUEST, State.UNCERTAIN)

    doubts.allow_resend(REQUEST.job_id, why="it is not in the log")

    assert claimed(record, REQUEST).message_id == message_id_of(REQUEST)
    assert record.ended(REQUEST) == Uncertain(HOST)


def test_allowing_it_twice_lets_it_be_sent_once_more_and_not_twice(record, doubts):
    bring_to(record, REQUEST, State.UNCERTAIN)

    for _ in range(2):
        doubts.allow_resend(REQUEST.job_id, why="it is not in the log")

    claimed(record, REQUEST)
    assert record.claim(REQUEST, host=HOST, message_id="<x@y>") == Uncertain(HOST)
    assert sum(line.words.source is Source.PERSON for line in record.history(REQUEST.job_id)) == 1


def test_the_answer_of_whoever_held_the_claim_is_stronger_than_a_permission(record, doubts):
    claim = claimed(record, REQUEST)
    record.ended(REQUEST)
    doubts.allow_resend(REQUEST.job_id, why="it is not in the log")

    record.settle(claim, State.ACCEPTED, host=HOST, response="250 ok")

    assert record.ended(REQUEST) == AlreadyAccepted(HOST)


@pytest.mark.parametrize("state", [state for state in State if state is not State.UNCERTAIN])
def test_only_an_uncertain_letter_is_decided_about(record, doubts, state):
    bring_to(record, REQUEST, state)

    with pytest.raises(NotUncertain, match=f"it is {state}"):
        doubts.settle(REQUEST.job_id, State.ACCEPTED, why="x")
    with pytest.raises(NotUncertain):
        doubts.allow_resend(REQUEST.job_id, why="x")
    with pytest.raises(NotUncertain):
        doubts.find(REQUEST.job_id)

    assert record.find(REQUEST.job_id).state is state


def test_a_job_without_a_delivery_is_a_sentence(doubts):
    with pytest.raises(NotUncertain, match="no delivery of this database"):
        doubts.find(REQUEST.job_id)
