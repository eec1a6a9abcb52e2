"""`write` is `encode` and `decode` in one, and must not differ from them."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import given

from buffrsign.core.clock import utc_now
from buffrsign.jobs import PayloadRefused, decode, encode, write
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import CacheCleanup
from tests.support.jobs import any_job, letter


@given(any_job())
def test_what_is_written_is_what_encode_and_decode_say(job):
    seen, payload = write(job)

    assert payload == msgspec.json.encode(encode(job))
    assert seen == decode(job.kind, encode(job), job_id=job.job_id)


def test_a_contract_without_fields_is_written():
    assert write(CacheCleanup())[1] == msgspec.json.encode(encode(CacheCleanup()))


def test_a_text_that_stands_for_a_choice_is_that_choice():
    job = Eta2019Check(document_id="doc_7", stage=Stage.ON_DEMAND.value)

    seen, payload = write(job)

    assert seen.stage is Stage.ON_DEMAND
    assert payload == msgspec.json.encode(encode(job))


@pytest.mark.parametrize(
    "fields",
    [
        {"document_title": utc_now()},
        {"document_title": b"bytes"},
        {"document_title": "half a pair \ud800"},
        {"round": True},
        {"round": "1"},
        {"recipient": Recipient("no address")},
        {"expires_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - what is tested
        {"message": object()},
    ],
)
def test_what_encode_refuses_is_not_written_and_for_the_same_reason(fields):
    job = letter(**fields)

    with pytest.raises(PayloadRefused) as by_encode:
        encode(job)
    with pytest.raises(PayloadRefused) as by_write:
        write(job)

    assert str(by_write.value) == str(by_encode.value)
