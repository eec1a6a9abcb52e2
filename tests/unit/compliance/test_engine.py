from datetime import UTC, datetime, timedelta
from itertools import combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.compliance import Evidence, Finding, Outcome, Policy, check, load_policy
from buffrsign.compliance.commencement import Basis, Standing
from tests.support.compliance import CHECKED, READY, RECORD, evidence, rules

POLICY = load_policy()
ACCESS, DISPLAY, CLAIMS = "ETA-19-access", "ETA-21-1-b", "ETA-48-a"
BEFORE_CH5 = datetime(2026, 6, 14, 21, 59, tzinfo=UTC)  # 23:59 in Windhoek
SINCE_CH5 = datetime(2026, 6, 14, 22, 0, tzinfo=UTC)  # midnight of 15 June there
BEFORE_THE_ACT = datetime(2020, 3, 15, 12, 0, tzinfo=UTC)


def finding(check_id: str, collected: Evidence, *, policy: Policy = POLICY) -> Finding:
    report = check(policy, collected, checked_at=CHECKED)
    return next(each for each in report.findings if each.check_id == check_id)


def verdict(check_id: str, collected: Evidence, *, policy: Policy = POLICY) -> tuple[str, str]:
    found = finding(check_id, collected, policy=policy)
    return found.outcome.value, found.reason


def legal_twin(**commencement: object) -> Policy:
    """The packaged rules with ETA-21-1-b as a legal effect of Chapter 5."""
    data = rules()
    data["commencement"]["ch5"] |= commencement
    data["checks"][1] |= {
        "kind": "legal",
        "commencement": "ch5",
        "in_force": "reported",
        "effective_from": "2026-06-15",
    }
    return msgspec.convert(data, Policy)


@pytest.mark.parametrize(
    ("collected", "expected"),
    [
        (evidence(), ("pass", "stored_copy_read_back")),
        (evidence(pdf__parse_ok=False), ("fail", "not_readable")),
        (evidence(pdf__render_ok=False), ("fail", "not_readable")),
        (evidence("pdf.parse_ok", pdf__render_ok=False), ("fail", "not_readable")),
        (evidence(pdf__encrypted=True, pdf__parse_ok=False, pdf__render_ok=False), ("fail", "locked")),
        (evidence(pdf__encrypted=True), ("pass", "stored_copy_read_back")),
        (evidence(pdf__text_extractable=False), ("pass", "stored_copy_read_back")),
        (evidence(ret__readback_ok_at=None), ("indeterminate", "stored_copy_not_read_back")),
        (evidence("ret.readback_ok_at"), ("indeterminate", "evidence_missing")),
        (evidence("pdf.render_ok"), ("indeterminate", "evidence_missing")),
        (Evidence({}), ("indeterminate", "evidence_missing")),
    ],
)
def test_access_for_later_reference(collected, expected):
    assert verdict(ACCESS, collected) == expected


@pytest.mark.parametrize(
    ("collected", "expected"),
    [
        (evidence(), ("pass", "displayed")),
        (evidence(pdf__render_ok=False), ("fail", "not_displayable")),
        (evidence("pdf.encrypted", pdf__render_ok=False), ("fail", "not_displayable")),
        (evidence(pdf__encrypted=True), ("indeterminate", "encrypted_but_displayed")),
        (evidence("pdf.encrypted"), ("indeterminate", "evidence_missing")),
        (evidence("pdf.render_ok"), ("indeterminate", "evidence_missing")),
    ],
)
def test_display(collected, expected):
    assert verdict(DISPLAY, collected) == expected


CLAIM = {"claims__accreditation": ["cran_accredited"]}


@pytest.mark.parametrize(
    ("collected", "expected"),
    [
        (evidence(), ("pass", "no_claim_found")),
        (evidence("accred.record", "tx.signed_at"), ("pass", "no_claim_found")),
        (evidence(tx__signed_at=BEFORE_CH5), ("pass", "no_claim_found")),
        (evidence(**CLAIM), ("fail", "claim_without_record")),
        (evidence(**CLAIM, tx__signed_at=SINCE_CH5), ("fail", "claim_without_record")),
        (evidence(**CLAIM, tx__signed_at=BEFORE_CH5), ("fail", "no_accreditation_regime_at_that_date")),
        (evidence(**CLAIM, tx__signed_at=BEFORE_THE_ACT), ("fail", "no_accreditation_regime_at_that_date")),
        (evidence(**CLAIM, accred__record=RECORD), ("indeterminate", "record_not_matched")),
        (evidence("accred.record", **CLAIM), ("indeterminate", "evidence_missing")),
        (evidence("claims.accreditation"), ("indeterminate", "evidence_missing")),
        (evidence("pdf.text_extractable"), ("indeterminate", "evidence_missing")),
        (evidence(pdf__text_extractable=False), ("indeterminate", "text_not_readable")),
    ],
)
def test_claims_of_accreditation_are_checked_at_every_date(collected, expected):
    assert verdict(CLAIMS, collected) == expected


def test_a_document_signed_before_the_act_has_nothing_to_meet():
    signed_before = evidence(tx__signed_at=BEFORE_THE_ACT)

    assert verdict(ACCESS, signed_before) == ("not_applicable", "not_in_force")
    assert verdict(DISPLAY, signed_before) == ("not_applicable", "not_in_force")


@pytest.mark.parametrize(
    ("collected", "moment", "basis"),
    [
        (evidence(tx__signed_at=SINCE_CH5), SINCE_CH5, Basis.SIGNED),
        (evidence(), CHECKED, Basis.NOT_SIGNED),
        (evidence("tx.signed_at"), CHECKED, Basis.UNKNOWN),
    ],
)
def test_signing_chooses_the_law_and_the_check_does_while_nothing_is_signed(collected, moment, basis):
    date = check(POLICY, collected, checked_at=CHECKED).law_date

    assert (date.moment, date.basis) == (moment, basis)


@pytest.mark.parametrize(
    ("signed_at", "standing"), [(BEFORE_CH5, Standing.NOT_IN_FORCE), (SINCE_CH5, Standing.UNVERIFIED)]
)
def test_a_day_of_the_law_begins_at_midnight_in_namibia(signed_at, standing):
    assert finding(CLAIMS, evidence(tx__signed_at=signed_at)).standing is standing


def test_an_unverified_technical_finding_keeps_its_result_and_says_that_it_is_technical():
    found = finding(CLAIMS, evidence(**CLAIM))

    assert found.outcome is Outcome.FAIL
    assert "This is a technical finding: nobody has verified" in found.explanation


@pytest.mark.parametrize("render_ok", [True, False])
def test_an_unverified_legal_effect_is_neither_met_nor_missed(render_ok):
    collected = evidence(pdf__render_ok=render_ok, tx__signed_at=SINCE_CH5)

    assert verdict(DISPLAY, collected, policy=legal_twin()) == ("indeterminate", "commencement_unverified")


def test_a_legal_effect_counts_once_a_person_has_verified_the_commencement():
    verified = legal_twin(verified=True)

    assert verdict(DISPLAY, evidence(tx__signed_at=SINCE_CH5), policy=verified) == ("pass", "displayed")
    assert verdict(DISPLAY, evidence(tx__signed_at=BEFORE_CH5), policy=verified) == ("not_applicable", "not_in_force")


def test_a_closing_fail_needs_every_key_that_the_check_lists():
    data = rules()
    data["checks"][0]["logic"][-1]["then"] = "fail"
    policy = msgspec.convert(data, Policy)

    assert verdict(ACCESS, evidence(ret__readback_ok_at=None), policy=policy) == ("fail", "stored_copy_not_read_back")
    incomplete = evidence("pdf.text_extractable", ret__readback_ok_at=None)
    assert verdict(ACCESS, incomplete, policy=policy) == ("indeterminate", "evidence_missing")


def test_what_was_not_collected_is_named():
    found = finding(ACCESS, evidence("pdf.render_ok", "ret.readback_ok_at"))

    assert found.missing == ("pdf.render_ok", "ret.readback_ok_at")
    assert found.explanation.endswith("not collected: pdf.render_ok, ret.readback_ok_at.")
    assert found.evidence == {"pdf.parse_ok": True, "pdf.encrypted": False, "pdf.text_extractable": True}


def test_leaving_evidence_out_never_turns_another_outcome_into_a_pass():
    worse = [READY, READY | {"pdf.render_ok": False}, READY | {"claims.accreditation": ["cran_accredited"]}]
    for values in (*worse, READY | {"pdf.text_extractable": False, "ret.readback_ok_at": None, "pdf.encrypted": True}):
        passed = passes(values)

        for number in range(1, len(values)):
            for kept in combinations(values, number):
                assert passes({key: values[key] for key in kept}) <= passed


def passes(values: dict[str, object]) -> set[str]:
    report = check(POLICY, Evidence(values), checked_at=CHECKED)
    return {found.check_id for found in report.findings if found.outcome is Outcome.PASS}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **{key: st.booleans() for key in READY if isinstance(READY[key], bool)},
            "ret.readback_ok_at": st.sampled_from([None, CHECKED]),
            "claims.accreditation": st.sampled_from([[], ["cran_accredited"]]),
            "accred.record": st.sampled_from([None, RECORD]),
            "tx.signed_at": st.sampled_from([None, CHECKED, BEFORE_CH5, BEFORE_THE_ACT]),
        },
    )
)
def test_every_check_answers_whatever_the_evidence_is(values):
    report = check(POLICY, Evidence(values), checked_at=CHECKED + timedelta(days=1))

    assert sum(report.counts.values()) == len(POLICY.checks)
    assert all(found.explanation and found.reason for found in report.findings)
