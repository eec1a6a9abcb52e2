from datetime import datetime

import pytest

from buffrsign.compliance import Evidence, EvidenceRefused
from tests.support.compliance import CHECKED, READY, RECORD


def test_what_is_collected_and_empty_is_evidence_and_what_is_left_out_is_not():
    evidence = Evidence({"claims.accreditation": [], "accred.record": None})

    assert evidence.collected("claims.accreditation")
    assert evidence.collected("accred.record")
    assert not evidence.collected("pdf.parse_ok")


def test_evidence_does_not_change_with_what_it_was_made_of():
    values = dict(READY)
    evidence = Evidence(values)

    values["pdf.parse_ok"] = False

    assert evidence["pdf.parse_ok"] is True
    assert dict(evidence) == {**READY, "claims.accreditation": ()}


def test_a_record_is_taken_as_value_or_as_plain_data():
    plain = {
        "holder": "Ministry",
        "accredited_class": "certification service",
        "checked_by": "user_3",
        "checked_at": "2026-11-23T08:00:00Z",
        "source": "register",
    }

    assert Evidence({"accred.record": plain})["accred.record"] == RECORD
    assert Evidence({"accred.record": RECORD})["accred.record"] == RECORD


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pdf.parse_ok", "secret"),
        ("pdf.parse_ok", 1),
        ("pdf.parse_ok", None),
        ("pdf.sha256", "secret"),
        ("tx.signed_at", datetime(2026, 1, 1)),  # noqa: DTZ001  # no time zone is the point
        ("claims.accreditation", ["We are accredited, secret"]),
        ("claims.accreditation", None),
        ("accred.record", {"holder": "secret"}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_key_and_not_quoted(key, value):
    with pytest.raises(EvidenceRefused, match=key) as refused:
        Evidence({key: value})

    assert "secret" not in str(refused.value)


def test_an_unknown_key_is_refused_with_those_that_are_known():
    with pytest.raises(EvidenceRefused, match=r"'pdf.parsed'; known are: pdf.parse_ok"):
        Evidence({"pdf.parsed": True})


def test_moments_keep_their_instant():
    assert Evidence({"tx.signed_at": CHECKED})["tx.signed_at"] == CHECKED
