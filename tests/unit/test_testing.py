from datetime import timedelta

import pytest

from buffrsign import BulkRefused, EnqueueRefused
from buffrsign.jobs import PayloadRefused
from buffrsign.jobs.email import SignatureReminderEmail, SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import Canary
from buffrsign.testing import RecordingProducer, assert_enqueued
from tests.support.clock import NOON, StoppedClock
from tests.support.jobs import letter


@pytest.fixture
def producer() -> RecordingProducer:
    return RecordingProducer(clock=StoppedClock())


def test_what_was_enqueued_is_found_by_contract_and_fields(producer):
    producer.enqueue(letter(document_id="doc_7"))
    producer.enqueue(letter(document_id="doc_8"))

    found = assert_enqueued(producer, SignatureRequestEmail, document_id="doc_8", round=1)

    assert found.document_id == "doc_8"
    assert [job.document_id for job in producer.jobs(SignatureRequestEmail)] == ["doc_7", "doc_8"]


@pytest.mark.parametrize(
    ("contract", "fields"),
    [(SignatureReminderEmail, {}), (SignatureRequestEmail, {"document_id": "doc_9"}), (SignatureRequestEmail, {})],
)
def test_none_or_several_matches_fail_with_what_was_enqueued(producer, contract, fields):
    producer.enqueue(letter(document_id="doc_7"))
    producer.enqueue(letter(document_id="doc_8"))

    with pytest.raises(AssertionError, match=f"expected one {contract.__name__}.*found [02]") as caught:
        assert_enqueued(producer, contract, **fields)

    assert "doc_7" in str(caught.value)
    assert "doc_8" in str(caught.value)


def test_nothing_enqueued_is_said(producer):
    with pytest.raises(AssertionError, match="nothing"):
        assert_enqueued(producer, Canary)


def test_a_refused_job_is_not_kept(producer):
    with pytest.raises(PayloadRefused, match="an e-mail address"):
        producer.enqueue(letter(recipient=Recipient("anna at example.com")))

    assert producer.enqueued == []


def test_a_bulk_is_kept_whole_or_not_at_all(producer):
    before = producer.enqueue(letter())

    with pytest.raises(BulkRefused, match="position 1"):
        producer.enqueue_many([Canary(), letter(document_title="")])
    enqueued = producer.enqueue_many([letter(), Canary()])

    assert enqueued.duplicate == [before.job_id]
    assert len(enqueued.created) == 1
    assert len(producer.enqueued) == 2


def test_when_a_job_was_asked_to_start_is_kept(producer):
    producer.enqueue(Canary(), delay=timedelta(minutes=5))
    producer.enqueue(Canary(), at=NOON)
    producer.add_job("cleanup", {"type": "test"}, 300)

    assert [(kept.delay, kept.at) for kept in producer.enqueued] == [
        (timedelta(minutes=5), None),
        (None, NOON),
        (timedelta(minutes=5), None),
    ]


def test_a_cancelled_job_is_not_found_any_more(producer):
    kept = producer.enqueue(letter())

    assert producer.cancel(kept.job_id)

    assert producer.jobs(SignatureRequestEmail) == []
    assert [cancelled.job_id for cancelled in producer.cancelled] == [kept.job_id]


def test_what_the_real_producer_refuses_of_the_terms_is_refused_here_too():
    producer = RecordingProducer()

    with pytest.raises(EnqueueRefused, match="tenant="):
        producer.enqueue(Canary(), tenant="not an id")

    assert producer.enqueue(Canary(), tenant="acme-7").tenant == "acme-7"
    assert len(producer.enqueued) == 1
