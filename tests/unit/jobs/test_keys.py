from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from buffrsign.core.ids import new_ulid
from buffrsign.jobs import Job, Key, decode
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import (
    AnalyseDocument,
    CompleteDocument,
    DetectFields,
    InspectDocument,
    RenderPreviews,
    RenderThumbnails,
    SanitiseDocument,
)
from buffrsign.jobs.email import (
    DeliveryFailedEmail,
    DocumentCompletedEmail,
    OneTimeCodeEmail,
    SignatureReminderEmail,
    addressee,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import CacheCleanup, Canary, ExpiredDocuments
from tests.support.jobs import OUR_CONTRACTS, golden_file, letter

DIGEST = "0123456789abcdef" * 4


def golden(kind: str) -> Job:
    contract = OUR_CONTRACTS[kind]
    payload = msgspec.json.decode(golden_file(contract, contract.version).read_bytes())
    return decode(kind, payload, job_id=new_ulid())


def test_a_letter_is_the_same_letter_however_it_is_worded():
    first = letter()
    again = letter(document_title="Renamed", message="Hurry!", recipient=Recipient(first.recipient.email, name="A. N."))

    assert first.key == again.key == Key("doc_7", first.recipient.email, 1)


@pytest.mark.parametrize(
    "change", [{"round": 2}, {"document_id": "doc_8"}, {"recipient": Recipient("ben@example.com")}]
)
def test_another_round_document_or_recipient_is_another_letter(change):
    assert letter(**change).key != letter().key


def test_a_letter_without_a_document_has_no_key():
    assert letter(document_id=None).key is None
    assert SignatureReminderEmail(recipient=Recipient("a@b"), document_title="t", signing_url="https://x").key is None
    assert DocumentCompletedEmail(recipient=Recipient("a@b"), document_title="t").key is None


@pytest.mark.parametrize("kind", sorted(kind for kind in OUR_CONTRACTS if kind.startswith("email.")))
def test_each_letter_is_one_per_document_addressee_and_round(kind):
    job = golden(kind)

    assert job.key == (None if kind == "email.one_time_code" else Key("doc_7", addressee(job), job.round))


def test_a_sender_is_told_of_everybody_who_was_not_reached():
    failed = golden("email.delivery_failed")
    assert isinstance(failed, DeliveryFailedEmail)

    other = msgspec.structs.replace(failed, unreached=Recipient("ben@example.com"))

    assert other.key != failed.key
    assert addressee(other) != addressee(failed)


def test_every_code_is_its_own():
    assert OneTimeCodeEmail(recipient=Recipient("a@b"), code="482915").key is None


def test_a_version_is_worked_on_once_and_the_latest_anew_each_time():
    for contract in (InspectDocument, RenderThumbnails, DetectFields, AnalyseDocument):
        assert contract(document_id="doc_7", sha256=DIGEST).key == Key("doc_7", DIGEST)
        assert contract(document_id="doc_7").key is None


def test_the_pages_of_a_version_are_begun_once_from_each_page_and_those_of_the_latest_anew_each_time():
    assert RenderPreviews(document_id="doc_7", sha256=DIGEST, first_page=26).key == Key("doc_7", DIGEST, 26)
    assert RenderPreviews(document_id="doc_7", first_page=26).key is None


def test_a_version_is_sanitised_once_in_each_way():
    keys = {SanitiseDocument(document_id="doc_7", sha256=DIGEST, even_signed=way).key for way in (False, True)}

    assert len(keys) == 2
    assert SanitiseDocument(document_id="doc_7").key is None


def test_a_version_is_completed_once_whatever_its_certificate_says():
    facts = {"title": "t", "completed_at": datetime(2026, 1, 1, tzinfo=UTC), "signatories": ()}

    assert CompleteDocument(document_id="doc_7", sha256=DIGEST, **facts).key == Key("doc_7", DIGEST)
    assert CompleteDocument(document_id="doc_7", **facts).key is None


def test_a_version_is_checked_once_at_a_stage_and_on_demand_as_often_as_asked():
    received = Eta2019Check(document_id="doc_7", sha256=DIGEST, stage=Stage.RECEIVED)

    assert received.key == Key("doc_7", DIGEST, "received")
    assert Eta2019Check(document_id="doc_7", sha256=DIGEST).key is None
    assert Eta2019Check(document_id="doc_7", stage=Stage.RECEIVED).key is None


def test_an_entry_is_recorded_once():
    event = RecordEvent(action="a", occurred_at=datetime(2026, 1, 1, tzinfo=UTC))
    later = RecordEvent(action="a", occurred_at=event.occurred_at + timedelta(days=1), entry_id=event.entry_id)

    assert event.key == later.key
    assert RecordEvent(action="a", occurred_at=event.occurred_at).key != event.key


def test_housekeeping_has_no_key():
    assert [job.key for job in (Canary(), CacheCleanup(), ExpiredDocuments())] == [None] * 3
