from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from buffrsign.core.ids import new_ulid
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.record import AlreadyAccepted, AlreadyBounced, Claimed, DeliveryRecord, Uncertain
from buffrsign.mail.states import OnDoubt, Source, State
from tests.support.mail import LINK, NOW, REMINDER, REQUEST
from tests.support.mail_records import HOST, bring_to, claimed, message_id_of

SAME_LETTER = msgspec.structs.replace(REQUEST, job_id=new_ulid())
WITHOUT_DOCUMENT = msgspec.structs.replace(REQUEST, job_id=new_ulid(), document_id=None)
ONCE_MORE = {REQUEST.kind: OnDoubt.RESEND_ONCE}


@pytest.fixture
def record(database):
    return DeliveryRecord(database, clock=lambda: NOW)


@pytest.fixture
def resending(database):
    """A record whose letters of this kind go out once more after a doubt."""
    return DeliveryRecord(database, clock=lambda: NOW, on_doubt=ONCE_MORE)


def claim(record, job):
    return record.claim(job, host=HOST, message_id=message_id_of(job))


def states_in_history(record, job):
    return [(line.state, line.words.source) for line in record.history(job.job_id)]


def test_a_letter_is_claimed_before_it_is_handed_over(record):
    assert record.ended(REQUEST) is None

    claim = claimed(record, REQUEST)

    delivery = record.find(REQUEST.job_id)
    assert (delivery.state, delivery.host, delivery.attempts) == (State.HANDING_OVER, HOST, 1)
    assert (delivery.message_id, delivery.updated_at) == (message_id_of(REQUEST), NOW) == (claim.message_id, NOW)


def test_an_accepted_letter_is_not_claimed_again(record):
    record.settle(claimed(record, REQUEST), State.ACCEPTED, host=HOST, response="250 2.6.0 queued as 4711")

    assert record.ended(REQUEST) == AlreadyAccepted(HOST)
    assert claim(record, REQUEST) == AlreadyAccepted(HOST)
    delivery = record.find(REQUEST.job_id)
    assert (delivery.response, delivery.status) == ("250 2.6.0 queued as 4711", "2.6.0")


def test_another_job_for_the_same_letter_does_not_send_it_again(record):
    bring_to(record, REQUEST, State.ACCEPTED)
    shouted = msgspec.structs.replace(SAME_LETTER, recipient=Recipient("ANNA@Example.com"))

    assert claim(record, shouted) == AlreadyAccepted(HOST)


def test_another_kind_or_round_is_another_letter(record):
    claimed(record, REQUEST)

    assert isinstance(claim(record, REMINDER), Claimed)
    assert isinstance(claim(record, msgspec.structs.replace(SAME_LETTER, round=2)), Claimed)


def test_letters_without_a_document_are_told_apart_by_their_jobs(record):
    another = msgspec.structs.replace(WITHOUT_DOCUMENT, job_id=new_ulid())

    assert isinstance(claim(record, WITHOUT_DOCUMENT), Claimed)
    assert isinstance(claim(record, another), Claimed)
    assert claim(record, WITHOUT_DOCUMENT) == Uncertain(HOST)


@pytest.mark.parametrize("job", [REQUEST, SAME_LETTER, WITHOUT_DOCUMENT])
def test_a_letter_whose_sender_died_in_the_middle_is_uncertain_for_good(record, job):
    claimed(record, WITHOUT_DOCUMENT if job is WITHOUT_DOCUMENT else REQUEST)

    assert record.ended(job) == Uncertain(HOST)
    assert claim(record, job) == Uncertain(HOST)


def test_who_held_the_claim_has_the_last_word_over_a_doubt(record):
    held = claimed(record, REQUEST)
    claim(record, SAME_LETTER)

    record.settle(held, State.ACCEPTED, host=HOST, response="250 ok")

    assert claim(record, SAME_LETTER) == AlreadyAccepted(HOST)
    assert states_in_history(record, REQUEST) == [
        ("handing_over", Source.SMTP),
        ("uncertain", Source.SMTP),
        ("accepted", Source.SMTP),
    ]


def test_who_held_an_older_claim_cannot_free_a_letter_that_another_hands_over(resending):
    slow = claimed(resending, REQUEST)
    claimed(resending, SAME_LETTER)

    resending.settle(slow, State.DEFERRED, host=HOST, response="421 busy")

    assert resending.find(SAME_LETTER.job_id).state is State.HANDING_OVER


def test_an_acceptance_counts_however_late_it_is_told(resending):
    slow = claimed(resending, REQUEST)
    resending.settle(claimed(resending, SAME_LETTER), State.DEFERRED, host=HOST, response="421 busy")

    resending.settle(slow, State.ACCEPTED, host=HOST, response="250 ok")

    assert claim(resending, SAME_LETTER) == AlreadyAccepted(HOST)


def test_a_deferred_letter_may_be_claimed_again_and_its_tries_are_counted(record):
    record.not_sent(
        REQUEST, State.DEFERRED, message_id=message_id_of(REQUEST), host=HOST, response="450 4.2.0 greylisted"
    )
    record.settle(claimed(record, REQUEST), State.DEFERRED, host=HOST, response="452 4.3.1 disk full")

    claimed(record, REQUEST)

    delivery = record.find(REQUEST.job_id)
    assert (delivery.state, delivery.attempts) == (State.HANDING_OVER, 3)
    assert [(line.state, line.words.status) for line in record.history(REQUEST.job_id)] == [
        ("deferred", "4.2.0"),
        ("handing_over", ""),
        ("deferred", "4.3.1"),
        ("handing_over", ""),
    ]


def test_every_resend_keeps_the_message_id_of_the_first_job(record):
    bring_to(record, REQUEST, State.DEFERRED)

    again = claimed(record, SAME_LETTER)

    assert again.message_id == message_id_of(REQUEST) != message_id_of(SAME_LETTER)


def test_a_refused_letter_is_tried_again_by_its_own_job_only(record):
    record.not_sent(REQUEST, State.BOUNCED, message_id=message_id_of(REQUEST), host=HOST, response="550 no such user")

    assert claim(record, SAME_LETTER) == AlreadyBounced(HOST)
    assert isinstance(claim(record, REQUEST), Claimed)


@pytest.mark.parametrize("claimant", [REQUEST, SAME_LETTER])
def test_being_turned_away_does_not_free_a_letter_that_another_try_has_claimed(record, claimant):
    claimed(record, REQUEST)

    record.not_sent(claimant, State.DEFERRED, message_id="<x@y>", host=HOST, response="421 busy")

    assert record.find(REQUEST.job_id).state is State.HANDING_OVER


def test_what_was_settled_stays_settled(record):
    claim = claimed(record, REQUEST)
    record.settle(claim, State.ACCEPTED, host=HOST, response="250 ok")

    record.settle(claim, State.DEFERRED, host=HOST, response="421 busy")

    assert record.find(REQUEST.job_id).state is State.ACCEPTED


def test_of_many_who_claim_one_letter_at_once_one_gets_it(record):
    jobs = [msgspec.structs.replace(REQUEST, job_id=new_ulid()) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda job: claim(record, job), jobs))

    assert sum(isinstance(each, Claimed) for each in claims) == 1
    assert claims.count(Uncertain(HOST)) == 7


def test_a_job_that_nobody_tried_has_no_delivery(record):
    untried = SignatureRequestEmail(recipient=REQUEST.recipient, document_title="Lease", signing_url=LINK)

    assert record.find(untried.job_id) is None
    assert record.history(untried.job_id) == []


def test_a_kind_that_is_resent_once_is_claimed_once_more_after_a_doubt_and_then_held(resending):
    for _ in range(2):
        claimed(resending, REQUEST)

    assert claim(resending, REQUEST) == Uncertain(HOST)

    delivery = resending.find(REQUEST.job_id)
    assert (delivery.doubts, delivery.message_id) == (2, message_id_of(REQUEST))
    assert states_in_history(resending, REQUEST) == [
        ("handing_over", Source.SMTP),
        ("uncertain", Source.SMTP),
        ("uncertain", Source.POLICY),
        ("handing_over", Source.SMTP),
        ("uncertain", Source.SMTP),
    ]


def test_a_kind_that_is_not_named_is_held_after_its_first_doubt(resending):
    claimed(resending, REMINDER)

    assert claim(resending, REMINDER) == Uncertain(HOST)


def test_a_letter_that_is_not_to_be_resent_stays_uncertain_whatever_its_kind_allows(resending):
    claimed(resending, REQUEST)

    assert resending.ended(REQUEST, resend=False) == Uncertain(HOST)
    assert resending.ended(REQUEST) is None
    assert resending.ended(REQUEST, resend=False) == Uncertain(HOST)


@pytest.mark.parametrize("state", State)
def test_a_letter_was_handed_over_unless_a_server_surely_did_not_take_it(record, state):
    bring_to(record, REQUEST, state)

    assert record.was_handed_over(REQUEST) is (state not in {State.DEFERRED, State.BOUNCED, State.SUPPRESSED})


def test_a_suppressed_letter_may_be_tried_once_its_mailbox_is_cleared(record):
    bring_to(record, REQUEST, State.SUPPRESSED)

    assert isinstance(claim(record, SAME_LETTER), Claimed)


def test_what_a_server_says_is_kept_on_one_line_and_without_what_a_database_cannot_hold(record):
    said = "550-5.1.1 no\x00 such\r\n550 5.1.1 user\ud800"

    record.settle(claimed(record, REQUEST), State.BOUNCED, host=HOST, response=said)

    assert record.find(REQUEST.job_id).response == "550-5.1.1 no such 550 5.1.1 user?"


def test_a_person_whose_address_changed_is_still_one_person(record):
    by_id = msgspec.structs.replace(REQUEST, recipient=Recipient("anna@example.com", recipient_id="anna"))
    moved = msgspec.structs.replace(
        by_id, job_id=new_ulid(), recipient=Recipient("Anna@new.example", recipient_id="anna")
    )
    bring_to(record, by_id, State.DEFERRED)

    claimed(record, moved)

    delivery = record.find(moved.job_id)
    assert (delivery.address, delivery.recipient_id) == ("Anna@new.example", "anna")
    assert record.find(by_id.job_id) is None
