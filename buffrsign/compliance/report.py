"""A report says what the evidence showed, provision by provision: for machines as a plain dict, for people as Markdown.

It has counts, and no mark and no overall verdict: whether a document holds in law is not for software to say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from buffrsign.compliance.commencement import Commencement, LawDate, Standing
from buffrsign.compliance.rule import CheckKind, Outcome, Severity


@dataclass(frozen=True)
class Finding:
    """The answer to one check. `evidence` holds the values that were used, `missing` the keys nobody collected."""

    check_id: str
    section: str
    title: str
    severity: Severity
    kind: CheckKind
    outcome: Outcome
    reason: str
    explanation: str
    standing: Standing
    evidence: Mapping[str, Any]
    missing: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Report:
    """All answers, and what they rest on: the policy, the evidence, and the law as of one date."""

    policy_version: str
    policy_dated: date
    act: str
    checked_at: datetime
    law_date: LawDate
    commencement: Mapping[str, Commencement]
    standings: Mapping[str, Standing]
    document_sha256: str | None
    findings: tuple[Finding, ...]
    disclaimers: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each outcome."""
        outcomes = [finding.outcome for finding in self.findings]
        return {outcome.value: outcomes.count(outcome) for outcome in Outcome}

    @property
    def needs_a_look(self) -> tuple[Finding, ...]:
        """What failed or could not be said."""
        return tuple(each for each in self.findings if each.outcome in {Outcome.FAIL, Outcome.INDETERMINATE})

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        summary = {"counts": self.counts, "needs_a_look": [each.check_id for each in self.needs_a_look]}
        report: dict[str, Any] = msgspec.to_builtins(self)
        return report | summary

    def to_markdown(self) -> str:
        """The report for people, as Markdown."""
        parts = (self._header(), self._commencement(), *map(_section, self.findings), self._disclaimers())
        return "\n".join(line for part in parts for line in (*part, ""))

    def _header(self) -> Iterator[str]:
        yield f"# Check against the {self.act}"
        yield ""
        yield f"- Rules: version {self.policy_version} of {self.policy_dated}"
        yield f"- Checked: {_moment(self.checked_at)}"
        yield f"- Law as of: {self.law_date.day} ({self.law_date.basis})"
        yield f"- Document: {_document(self.document_sha256)}"
        yield f"- Findings: {', '.join(f'{number} {outcome}' for outcome, number in self.counts.items())}"
        if self.needs_a_look:
            yield f"- Needs a look: {', '.join(each.check_id for each in self.needs_a_look)}"

    def _commencement(self) -> Iterator[str]:
        yield "## What is treated as law"
        yield ""
        yield "| provisions | since | notice | verified | on that day |"
        yield "|---|---|---|---|---|"
        yield from (_commencement_row(each, self.standings[name]) for name, each in self.commencement.items())

    def _disclaimers(self) -> Iterator[str]:
        yield "## What this report does not say"
        yield ""
        yield from (f"- {sentence}" for sentence in self.disclaimers)


def _section(finding: Finding) -> Iterator[str]:
    yield f"## {finding.check_id}: {finding.outcome}"
    yield ""
    yield f"Section {finding.section}, {finding.title} ({finding.severity}, {finding.kind}; source {finding.source})."
    yield f"{finding.explanation} Reason: `{finding.reason}`."
    yield ""
    yield from (f"- `{key}`: {_value(value)}" for key, value in finding.evidence.items())
    yield from (f"- `{key}`: not collected" for key in finding.missing)


def _commencement_row(each: Commencement, standing: Standing) -> str:
    reported = "" if each.verified else " (reported)"
    since = f"{each.effective_from}{reported}" if each.effective_from else "not commenced"
    up_to = f", up to {each.verified_to}" if each.verified_to else ""
    verified = f"yes{up_to}" if each.verified else "no"
    return f"| {each.provisions} | {since} | {each.notice or 'none found'} | {verified} | {standing} |"


def _document(sha256: str | None) -> str:
    return f"SHA-256 `{sha256}`" if sha256 else "its SHA-256 was not collected"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _value(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case datetime():
            return _moment(value)
        case tuple():
            return ", ".join(f"`{code}`" for code in value) or "none"
    return ", ".join(f"{name} {part}" for name, part in msgspec.to_builtins(value).items())
