"""A check is a list of lines, read from the top; a condition is data in a small vocabulary, and may be undecided.

{when: {all: [{is_true: pdf.parse_ok}, {is_present: ret.readback_ok_at}]}, then: pass, reason: …, explain: …}
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from buffrsign.compliance.commencement import InForce
from buffrsign.compliance.evidence import KEYS, Code, Evidence, Kind

CheckId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z][A-Za-z0-9-]*\Z", max_length=40)]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]


class Outcome(StrEnum):
    """What a check can say. Nothing else is said of a document, and outcomes are never added up to a mark."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    INDETERMINATE = "indeterminate"


class CheckKind(StrEnum):
    """What an outcome is about: a fact about the file or the system, or an effect in law."""

    TECHNICAL = "technical"
    LEGAL = "legal"


class Severity(StrEnum):
    """How much hangs on a check."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    INFO = "info"


# operator: what it may ask of which kinds of evidence
_TESTS: Mapping[str, tuple[Callable[[Any], bool], frozenset[Kind]]] = MappingProxyType(
    {
        "is_true": (lambda value: value is True, frozenset({Kind.BOOLEAN})),
        "is_false": (lambda value: value is False, frozenset({Kind.BOOLEAN})),
        "is_empty": (lambda value: not value, frozenset({Kind.CODES})),
        "is_not_empty": (bool, frozenset({Kind.CODES})),
        "is_present": (lambda value: value is not None, frozenset({Kind.MOMENT, Kind.RECORD})),
        "is_absent": (lambda value: value is None, frozenset({Kind.MOMENT, Kind.RECORD})),
    }
)


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one operator: `all` or `any` of more conditions, a test of one key, or a date before commencement."""

    all_of: tuple["Condition", ...] | None = msgspec.field(name="all", default=None)
    any_of: tuple["Condition", ...] | None = msgspec.field(name="any", default=None)
    is_true: str | None = None
    is_false: str | None = None
    is_empty: str | None = None
    is_not_empty: str | None = None
    is_present: str | None = None
    is_absent: str | None = None
    before_commencement_of: str | None = None

    def __post_init__(self) -> None:
        given = msgspec.to_builtins(self)
        if len(given) != 1 or () in (self.all_of, self.any_of):
            raise ValueError("a condition has one operator, and all or any hold at least one condition")
        for operator, key in self._tests():
            _require_fit(operator, key)

    def keys(self) -> frozenset[str]:
        """Every evidence key that it asks for."""
        inner = (condition.keys() for condition in self._inner())
        return frozenset(key for _, key in self._tests()).union(*inner)

    def provisions(self) -> frozenset[str]:
        """Every commencement that it asks for."""
        own = () if self.before_commencement_of is None else (self.before_commencement_of,)
        return frozenset(own).union(*(condition.provisions() for condition in self._inner()))

    def holds(self, evidence: Evidence, *, not_in_force: frozenset[str]) -> bool | None:
        """Whether it holds; None when that hangs on a key that was not collected.

        `all` is false as soon as one part is, and `any` true, whatever the missing key would have said.
        """
        if self.before_commencement_of is not None:
            return self.before_commencement_of in not_in_force
        parts = [condition.holds(evidence, not_in_force=not_in_force) for condition in self._inner()]
        if self.all_of is not None:
            return _unless_decided_by(False, parts)
        if self.any_of is not None:
            return _unless_decided_by(True, parts)
        ((operator, key),) = self._tests()
        return _TESTS[operator][0](evidence[key]) if evidence.collected(key) else None

    def _inner(self) -> tuple["Condition", ...]:
        return self.all_of or self.any_of or ()

    def _tests(self) -> tuple[tuple[str, str], ...]:
        keys = ((operator, getattr(self, operator)) for operator in _TESTS)
        return tuple((operator, key) for operator, key in keys if key is not None)


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """If the condition holds, then this is the outcome. `explain` is one sentence for people."""

    when: Condition | Literal["otherwise"]
    then: Outcome
    reason: Code
    explain: Sentence

    def __post_init__(self) -> None:
        if self.is_otherwise and self.then is Outcome.PASS:
            raise ValueError("otherwise cannot pass: to pass needs evidence")

    @property
    def is_otherwise(self) -> bool:
        """Whether it holds when no line above does."""
        return self.when == "otherwise"

    def holds(self, evidence: Evidence, *, not_in_force: frozenset[str]) -> bool | None:
        """Whether its condition holds; see `Condition.holds`."""
        return True if self.when == "otherwise" else self.when.holds(evidence, not_in_force=not_in_force)


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question that a provision asks of a document. `always_run` runs it before commencement too."""

    id: CheckId
    section: str
    title: str
    description: Sentence
    kind: CheckKind
    severity: Severity
    commencement: str
    in_force: InForce
    effective_from: date | None
    source: str
    evidence: tuple[str, ...]
    logic: tuple[Line, ...]
    always_run: bool = False

    def __post_init__(self) -> None:
        unlisted = self._conditions_keys() - set(self.evidence)
        if unlisted:
            raise ValueError(f"logic asks for {', '.join(sorted(unlisted))}, which evidence does not list")
        unknown = set(self.evidence) - set(KEYS)
        if unknown:
            raise ValueError(f"no evidence is called {', '.join(sorted(unknown))}; known are: {', '.join(KEYS)}")
        if [line.is_otherwise for line in self.logic] != [False] * (len(self.logic) - 1) + [True]:
            raise ValueError("logic ends with its only otherwise")
        if self.always_run and self.kind is CheckKind.LEGAL:
            raise ValueError("a legal effect cannot be checked before commencement: always_run is for technical checks")

    def conditions(self) -> Iterable[Condition]:
        """The conditions of its lines."""
        return (line.when for line in self.logic if isinstance(line.when, Condition))

    def _conditions_keys(self) -> frozenset[str]:
        return frozenset[str]().union(*(condition.keys() for condition in self.conditions()))


def _unless_decided_by(decisive: bool, parts: list[bool | None]) -> bool | None:
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def _require_fit(operator: str, key: str) -> None:
    if key not in KEYS:
        raise ValueError(f"no evidence is called {key!r}; known are: {', '.join(KEYS)}")
    if KEYS[key].kind not in _TESTS[operator][1]:
        raise ValueError(f"{operator} does not fit {key}, which is a {KEYS[key].kind}")
