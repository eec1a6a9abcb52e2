from datetime import timedelta
from functools import partial

import pytest

from buffrsign.core.sql import Database
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import ReminderPolicy, Sender
from buffrsign.requests import (
    AlreadyOpen,
    AlreadyRecorded,
    Awaited,
    EventClash,
    NotApplied,
    NotAwaited,
    Opened,
    Recorded,
    RequestState,
    RequestUnknown,
    SignatureRequests,
    SignerState,
    SignerUnknown,
    Unknown,
    WhyNotApplied,
    WhyNotAwaited,
)
from tests.support.clock import NOON, StoppedClock
from tests.support.database import migrated_database
from tests.support.racing import race
from tests.support.requests import DOCUMENT, declined, open_job, signed, signer, viewed, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)
ANNAS_MAILBOX = Recipient("anna@example.com")


def test_a_request_is_found_again_as_it_was_asked(requests):
    job = open_job(
        ANNA,
        CARL,
        sender=Sender("sender@example.com", name="Sénder", locale="en-NA"),
        message="Please sign.\nThank you.",
        expires_at=NOON + timedelta(days=14, microseconds=1234),
        reminders=ReminderPolicy(first_after=timedelta(seconds=5, microseconds=5), at_most=2),
    )

    assert requests.open(job) == Opened()

    found = requests.find(DOCUMENT)
    assert (found.document_title, found.sender, found.message) == (job.document_title, job.sender, job.message)
    assert (found.reminders, found.opened_at, found.state) == (job.reminders, NOON, RequestState.OPEN)
    assert found.expires_at == NOON + timedelta(days=14, milliseconds=1)
    assert tuple(progress.signer for progress in found.signers) == (ANNA, CARL)


def test_a_document_has_one_request_and_a_repeat_is_told_from_another(requests):
    job = open_job(ANNA, expires_at=NOON + timedelta(days=1, microseconds=7))
    requests.open(job)
    requests.record(viewed("anna"))

    assert requests.open(job) == AlreadyOpen(identical=True)
    assert requests.open(open_job(BEN)) == AlreadyOpen(identical=False)
    assert requests.signers_to_ask(DOCUMENT) == (ANNA,)


def test_a_request_opened_by_ten_at_once_is_opened_once(requests):
    answers = race([partial(requests.open, open_job(ANNA))] * 10)

    assert sorted(map(repr, answers)) == [repr(AlreadyOpen(identical=True))] * 9 + [repr(Opened())]


def test_an_event_moves_its_signer_and_nobody_else(requests):
    requests.open(open_job(ANNA, BEN))

    assert requests.record(viewed("anna")) == Recorded()

    assert [progress.state for progress in requests.find(DOCUMENT).signers] == [
        SignerState.VIEWED,
        SignerState.AWAITING,
    ]


def test_the_next_order_is_asked_when_the_one_before_has_signed(requests):
    requests.open(open_job(ANNA, BEN, CARL))

    assert requests.record(signed("anna")) == Recorded()
    assert requests.record(signed("ben")) == Recorded(next_signers=(CARL,))
    assert requests.record(signed("carl")) == Recorded(completed_now=True)


def test_a_signature_that_overtook_its_turn_is_counted_when_the_turn_comes(requests):
    requests.open(open_job(ANNA, CARL, signer("dora", order=3)))

    assert requests.record(signed("carl")) == Recorded()
    assert requests.record(signed("anna")) == Recorded(next_signers=(signer("dora", order=3),))


def test_a_repeat_says_again_what_the_first_recording_brought(requests):
    requests.open(open_job(ANNA, CARL))
    begins_turn, completes = signed("anna"), signed("carl")
    contradicts = declined("anna")
    events = [begins_turn, contradicts]

    first = [requests.record(event) for event in events]

    assert first == [Recorded(next_signers=(CARL,)), NotApplied(WhyNotApplied.ALREADY_SIGNED)]
    assert [requests.record(event) for event in events] == [AlreadyRecorded(outcome) for outcome in first]
    assert requests.record(completes) == Recorded(completed_now=True)
    assert requests.record(completes) == AlreadyRecorded(Recorded(completed_now=True))


def test_a_repeat_does_not_ask_whoever_has_signed_meanwhile(requests):
    requests.open(open_job(ANNA, CARL))
    begins_turn = signed("anna")
    requests.record(begins_turn)
    requests.record(signed("carl"))

    assert requests.record(begins_turn) == AlreadyRecorded(Recorded())


def test_an_event_id_used_for_two_different_events_loses_no_signature_silently(requests):
    requests.open(open_job(ANNA, BEN))
    requests.record(signed("anna", event_id="evt_same"))

    with pytest.raises(EventClash):
        requests.record(signed("ben", event_id="evt_same"))


def test_an_event_of_a_document_nobody_opened_is_an_error(requests):
    with pytest.raises(RequestUnknown, match=DOCUMENT):
        requests.record(voided())


def test_an_event_of_a_stranger_is_an_error_and_leaves_no_trace(requests):
    requests.open(open_job(ANNA))

    with pytest.raises(SignerUnknown):
        requests.record(signed("mallory", event_id="evt_1"))

    assert requests.record(signed("anna", event_id="evt_1")) == Recorded(completed_now=True)


def test_a_signature_is_awaited_until_it_is_given(requests):
    requests.open(open_job(ANNA, BEN))
    before = requests.awaits(DOCUMENT, ANNAS_MAILBOX)

    requests.record(signed("anna"))

    assert before == Awaited()
    assert requests.awaits(DOCUMENT, ANNAS_MAILBOX) == NotAwaited(WhyNotAwaited.SIGNED)


def test_a_voided_request_awaits_nobody(requests):
    requests.open(open_job(ANNA))
    requests.record(voided())

    assert requests.awaits(DOCUMENT, ANNAS_MAILBOX) == NotAwaited(WhyNotAwaited.VOIDED)
    assert requests.find(DOCUMENT).voided_at == NOON


def test_an_expired_request_awaits_nobody(requests, clock):
    requests.open(open_job(ANNA, expires_at=NOON + timedelta(days=1)))

    clock.advance(timedelta(days=1))

    assert requests.awaits(DOCUMENT, ANNAS_MAILBOX) == NotAwaited(WhyNotAwaited.EXPIRED)


@pytest.mark.parametrize("document_id", [None, "doc_unheard_of"])
def test_without_a_request_the_answer_is_unknown(requests, document_id):
    assert requests.awaits(document_id, ANNAS_MAILBOX) == Unknown()


def test_nobody_is_asked_about_a_document_without_a_request(requests):
    assert requests.find(DOCUMENT) is None
    assert requests.signers_to_ask(DOCUMENT) == ()


def test_signers_who_finish_at_once_complete_the_request_exactly_once(requests):
    names = [f"signer_{number}" for number in range(8)]
    requests.open(open_job(*map(signer, names)))

    answers = race([partial(requests.record, signed(name)) for name in names])

    assert sorted(answer.completed_now for answer in answers) == [False] * 7 + [True]


def test_workers_with_databases_of_their_own_record_one_event_once(requests, database):
    requests.open(open_job(ANNA))
    event = signed("anna")
    workers = [Database(database.url) for _ in range(4)]

    answers = race([partial(SignatureRequests(each, clock=StoppedClock()).record, event) for each in workers])

    for each in workers:
        each.close()
    completed = Recorded(completed_now=True)
    assert sorted(map(repr, answers)) == [repr(AlreadyRecorded(completed))] * 3 + [repr(completed)]


def test_a_request_outlives_the_process_that_opened_it(tmp_path, clock):
    with migrated_database(tmp_path) as database:
        SignatureRequests(database, clock=clock).open(open_job(ANNA))

    with migrated_database(tmp_path) as database:
        assert SignatureRequests(database, clock=clock).signers_to_ask(DOCUMENT) == (ANNA,)
