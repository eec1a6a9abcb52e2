"""Evidence and policy in, report out: the first line that holds decides, and missing evidence never passes."""

from dataclasses import dataclass, replace
from datetime import datetime

from buffrsign.compliance.commencement import LawDate, Standing, law_date
from buffrsign.compliance.evidence import Evidence
from buffrsign.compliance.policy import Policy
from buffrsign.compliance.report import Finding, Report
from buffrsign.compliance.rule import Check, CheckKind, Line, Outcome

EVIDENCE_MISSING = "evidence_missing"


@dataclass(frozen=True)
class _Verdict:
    outcome: Outcome
    reason: str
    explanation: str


def check(policy: Policy, evidence: Evidence, *, checked_at: datetime) -> Report:
    """Ask every check of the policy.

    The version of the law is that of `tx.signed_at`, or of `checked_at` while nothing is signed; the report says which.
    """
    date = law_date(
        evidence.get("tx.signed_at"),
        is_known=evidence.collected("tx.signed_at"),
        checked_at=checked_at,
        utc_offset=policy.act.utc_offset,
    )
    standings = {name: commencement.standing_on(date.day) for name, commencement in policy.commencement.items()}
    return Report(
        policy_version=policy.version,
        policy_dated=policy.dated,
        act=policy.act.title,
        checked_at=checked_at,
        law_date=date,
        commencement=policy.commencement,
        standings=standings,
        document_sha256=evidence.get("pdf.sha256"),
        findings=tuple(_finding(rule, evidence, date, standings) for rule in policy.checks),
        disclaimers=policy.disclaimers,
    )


def _finding(rule: Check, evidence: Evidence, date: LawDate, standings: dict[str, Standing]) -> Finding:
    standing = standings[rule.commencement]
    verdict = _verdict(rule, evidence, date, standings)
    return Finding(
        check_id=rule.id,
        section=rule.section,
        title=rule.title,
        severity=rule.severity,
        kind=rule.kind,
        outcome=verdict.outcome,
        reason=verdict.reason,
        explanation=verdict.explanation,
        standing=standing,
        evidence={key: evidence[key] for key in rule.evidence if evidence.collected(key)},
        missing=_missing(rule, evidence),
        source=rule.source,
    )


def _verdict(rule: Check, evidence: Evidence, date: LawDate, standings: dict[str, Standing]) -> _Verdict:
    standing = standings[rule.commencement]
    if standing is Standing.NOT_IN_FORCE and not rule.always_run:
        explanation = f"Section {rule.section} was not law on {date.day}, so there is nothing to meet."
        return _Verdict(Outcome.NOT_APPLICABLE, Standing.NOT_IN_FORCE.value, explanation)
    not_in_force = frozenset(name for name, that in standings.items() if that is Standing.NOT_IN_FORCE)
    verdict = _read_logic(rule, evidence, not_in_force=not_in_force)
    if standing is Standing.IN_FORCE:
        return verdict
    return _without_legal_effect(verdict, rule.kind, standing)


def _read_logic(rule: Check, evidence: Evidence, *, not_in_force: frozenset[str]) -> _Verdict:
    missing = _missing(rule, evidence)
    undecided = False
    for line in rule.logic:
        held = line.holds(evidence, not_in_force=not_in_force)
        if held:
            return _evidence_missing(missing) if _rests_on_missing(line, missing, undecided=undecided) else _said(line)
        undecided = undecided or held is None
    raise AssertionError("a check ends with otherwise; the loader saw to it")


def _rests_on_missing(line: Line, missing: tuple[str, ...], *, undecided: bool) -> bool:
    """Whether a key that was not collected could have changed the outcome.

    A line above that could not be decided might have held, so only a fail with evidence of its own stands beside it.
    """
    if line.then is Outcome.FAIL:
        return line.is_otherwise and bool(missing)
    return undecided


def _without_legal_effect(verdict: _Verdict, kind: CheckKind, standing: Standing) -> _Verdict:
    decided = verdict.outcome in {Outcome.PASS, Outcome.FAIL}
    if kind is CheckKind.LEGAL and decided:
        explanation = f"Nobody has verified that the provision is law; if it is: {verdict.explanation}"
        return _Verdict(Outcome.INDETERMINATE, standing.value, explanation)
    if not decided:
        return verdict
    return replace(verdict, explanation=f"{verdict.explanation} {_TECHNICAL_ONLY[standing]}")


_TECHNICAL_ONLY = {
    Standing.NOT_IN_FORCE: "This is a technical finding: the provision was not law at that date.",
    Standing.UNVERIFIED: "This is a technical finding: nobody has verified that the provision is law.",
}


def _missing(rule: Check, evidence: Evidence) -> tuple[str, ...]:
    return tuple(key for key in rule.evidence if not evidence.collected(key))


def _evidence_missing(missing: tuple[str, ...]) -> _Verdict:
    explanation = f"This cannot be said, because it was not collected: {', '.join(missing)}."
    return _Verdict(Outcome.INDETERMINATE, EVIDENCE_MISSING, explanation)


def _said(line: Line) -> _Verdict:
    return _Verdict(line.then, line.reason, line.explain)
