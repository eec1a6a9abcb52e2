from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from buffrsign.core.ids import new_ulid
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.record import (
    AlreadyAccepted,
    AlreadyRefused,
    Claimed,
    Delivery,
    DeliveryRecord,
    State,
    Uncertain,
)
from tests.support.database import migrated_database
from tests.support.mail import LINK, NOW, REMINDER, REQUEST

HOST = "mx.example"
SAME_LETTER = msgspec.structs.replace(REQUEST, job_id=new_ulid())
WITHOUT_DOCUMENT = msgspec.structs.replace(REQUEST, job_id=new_ulid(), document_id=None)


@pytest.fixture
def database(tmp_path):
    with migrated_database(tmp_path) as database:
        yield database


@pytest.fixture
def record(database):
    return DeliveryRecord(database, clock=lambda: NOW)


def test_a_letter_is_claimed_before_it_is_handed_over(record):
    assert record.ended(REQUEST) is None

    assert record.claim(REQUEST, host=HOST) == Claimed()

    assert record.find(REQUEST.job_id) == Delivery(State.HANDING_OVER, HOST, "", attempts=1, updated_at=NOW)


def test_an_accepted_letter_is_not_claimed_again(record):
    record.claim(REQUEST, host=HOST)

    record.settle(REQUEST, State.ACCEPTED, host=HOST, response="250 queued as 4711")

    assert record.ended(REQUEST) == AlreadyAccepted(HOST)
    assert record.claim(REQUEST, host=HOST) == AlreadyAccepted(HOST)
    assert record.find(REQUEST.job_id).response == "250 queued as 4711"


def test_another_job_for_the_same_letter_does_not_send_it_again(record):
    record.claim(REQUEST, host=HOST)
    record.settle(REQUEST, State.ACCEPTED, host=HOST, response="250 ok")
    shouted = msgspec.structs.replace(SAME_LETTER, recipient=Recipient("ANNA@Example.com"))

    assert record.claim(shouted, host=HOST) == AlreadyAccepted(HOST)


def test_another_kind_or_round_is_another_letter(record):
    record.claim(REQUEST, host=HOST)

    assert record.claim(REMINDER, host=HOST) == Claimed()
    assert record.claim(msgspec.structs.replace(SAME_LETTER, round=2), host=HOST) == Claimed()


def test_letters_without_a_document_are_told_apart_by_their_jobs(record):
    another = msgspec.structs.replace(WITHOUT_DOCUMENT, job_id=new_ulid())

    assert record.claim(WITHOUT_DOCUMENT, host=HOST) == Claimed()
    assert record.claim(another, host=HOST) == Claimed()
    assert record.claim(WITHOUT_DOCUMENT, host=HOST) == Uncertain(HOST)


@pytest.mark.parametrize("job", [REQUEST, SAME_LETTER, WITHOUT_DOCUMENT])
def test_a_letter_whose_sender_died_in_the_middle_is_uncertain_for_good(record, job):
    record.claim(WITHOUT_DOCUMENT if job is WITHOUT_DOCUMENT else REQUEST, host=HOST)

    assert record.ended(job) == Uncertain(HOST)
    assert record.claim(job, host=HOST) == Uncertain(HOST)


def test_who_held_the_claim_has_the_last_word_over_a_doubt(record):
    record.claim(REQUEST, host=HOST)
    record.claim(SAME_LETTER, host=HOST)

    record.settle(REQUEST, State.ACCEPTED, host=HOST, response="250 ok")

    assert record.claim(SAME_LETTER, host=HOST) == AlreadyAccepted(HOST)


def test_a_deferred_letter_may_be_claimed_again_and_its_tries_are_counted(record):
    record.turned_away(REQUEST, State.DEFERRED, host=HOST, response="450 greylisted")
    record.claim(REQUEST, host=HOST)
    record.settle(REQUEST, State.DEFERRED, host=HOST, response="452 disk full")

    assert record.claim(REQUEST, host=HOST) == Claimed()

    assert record.find(REQUEST.job_id) == Delivery(State.HANDING_OVER, HOST, "", attempts=3, updated_at=NOW)


def test_a_refused_letter_is_tried_again_by_its_own_job_only(record):
    record.turned_away(REQUEST, State.REFUSED, host=HOST, response="550 no such user")

    assert record.claim(SAME_LETTER, host=HOST) == AlreadyRefused(HOST)
    assert record.claim(REQUEST, host=HOST) == Claimed()


@pytest.mark.parametrize("claimant", [REQUEST, SAME_LETTER])
def test_being_turned_away_does_not_free_a_letter_that_another_try_has_claimed(record, claimant):
    record.claim(REQUEST, host=HOST)

    record.turned_away(claimant, State.DEFERRED, host=HOST, response="421 busy")

    assert record.find(REQUEST.job_id).state is State.HANDING_OVER


def test_what_was_settled_stays_settled(record):
    record.claim(REQUEST, host=HOST)
    record.settle(REQUEST, State.ACCEPTED, host=HOST, response="250 ok")

    record.settle(REQUEST, State.DEFERRED, host=HOST, response="421 busy")

    assert record.find(REQUEST.job_id).state is State.ACCEPTED


def test_of_many_who_claim_one_letter_at_once_one_gets_it(record):
    jobs = [msgspec.structs.replace(REQUEST, job_id=new_ulid()) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda job: record.claim(job, host=HOST), jobs))

    assert claims.count(Claimed()) == 1
    assert claims.count(Uncertain(HOST)) == 7


def test_a_job_that_nobody_tried_has_no_delivery(record):
    untried = SignatureRequestEmail(recipient=REQUEST.recipient, document_title="Lease", signing_url=LINK)

    assert record.find(untried.job_id) is None
