import json
from pathlib import Path

from buffrsign.compliance import Report, check, load_policy
from tests.support.compliance import CHECKED, RECORD, evidence

DOCS = Path(__file__).parents[3] / "docs" / "compliance.md"


def report_of_a_claim() -> Report:
    collected = evidence("ret.readback_ok_at", claims__accreditation=["cran_accredited"], accred__record=RECORD)
    return check(load_policy(), collected, checked_at=CHECKED)


def test_the_report_is_json_with_counts_and_without_a_mark():
    report = json.loads(json.dumps(report_of_a_claim().to_json()))

    assert report["counts"] == {"pass": 1, "fail": 0, "not_applicable": 0, "indeterminate": 2}
    assert report["needs_a_look"] == ["ETA-19-access", "ETA-48-a"]
    assert report["law_date"]["basis"] == "nothing is signed yet, so it is the moment of the check"
    assert report["commencement"]["ch5"]["verified"] is False
    assert report["findings"][2]["evidence"]["accred.record"]["holder"] == "Ministry"
    assert not {"score", "compliant", "overall"} & set(report)


def test_the_report_for_people_says_what_it_rests_on():
    text = report_of_a_claim().to_markdown()

    assert "- Rules: version 2026.11 of 2026-11-22" in text
    assert "- Law as of: 2026-11-23 (nothing is signed yet, so it is the moment of the check)" in text
    assert "- Findings: 1 pass, 0 fail, 0 not_applicable, 2 indeterminate" in text
    assert "2026-06-15 (reported) | GN 182/2026, GG 8949 | no | commencement_unverified |" in text
    assert "- `ret.readback_ok_at`: not collected" in text
    assert "- `claims.accreditation`: `cran_accredited`" in text
    assert "- `accred.record`: holder Ministry, " in text
    assert "It is not legal advice" in text
    assert "no certificate of compliance" in text


def test_the_report_says_when_the_document_is_not_known():
    report = check(load_policy(), evidence("pdf.sha256"), checked_at=CHECKED)

    assert "- Document: its SHA-256 was not collected" in report.to_markdown()


def test_the_docs_tell_of_every_commencement_and_every_check():
    policy, docs = load_policy(), DOCS.read_text(encoding="utf-8")

    for check_ in policy.checks:
        assert f"| `{check_.id}` |" in docs
    for each in policy.commencement.values():
        since = f"{each.effective_from.day} {each.effective_from:%B %Y}" if each.effective_from else "not commenced"
        reported = "" if each.verified else ", reported"
        assert f"| {each.provisions} | {since}{reported} | {each.notice or 'none found'} |" in docs
