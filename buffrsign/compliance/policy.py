"""A policy is a rules file that was found whole: every check, key, operator and date in it fits the others.

A rules file that does not fit is refused with the place, because a check that never fires would look like a pass.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from buffrsign.compliance.commencement import Commencement
from buffrsign.compliance.rule import Check, CheckId, Sentence
from buffrsign.core.errors import Permanent

PACKAGED = "eta_2019.yaml"


class PolicyRefused(Permanent):
    """The rules file cannot be used; the message names the place in it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the rules in {name} were refused: {reason}")
        self.reason = reason


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The law. `utc_offset_hours` is local time where it applies: a day there begins at its own midnight."""

    id: CheckId
    title: str
    jurisdiction: str
    utc_offset_hours: Annotated[int, msgspec.Meta(ge=-12, le=14)]

    @property
    def utc_offset(self) -> timedelta:
        """Local time less UTC."""
        return timedelta(hours=self.utc_offset_hours)


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is checked, against which law, as it was known on the day `dated`."""

    version: str
    dated: date
    act: Act
    commencement: dict[str, Commencement]
    disclaimers: tuple[Sentence, ...]
    checks: Annotated[tuple[Check, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        ids = [check.id for check in self.checks]
        for index, check in enumerate(self.checks):
            fault = "repeats an id" if check.id in ids[:index] else self._fault(check)
            if fault:
                raise ValueError(f"{fault} - at `$.checks[{index}]` ({check.id})")

    def _fault(self, check: Check) -> str | None:
        named = {check.commencement}.union(*(condition.provisions() for condition in check.conditions()))
        if unknown := named - set(self.commencement):
            return f"no commencement is called {', '.join(sorted(unknown))}"
        commencement = self.commencement[check.commencement]
        if (check.in_force, check.effective_from) != (commencement.in_force, commencement.effective_from):
            return f"in_force or effective_from differs from `$.commencement.{check.commencement}`"
        return None


def load_policy(path: Path | None = None) -> Policy:
    """The policy of a rules file; without a path, of the one that comes with this release.

    Raises:
        PolicyRefused: the file is not there, is no YAML, or does not fit.
    """
    file = resources.files("buffrsign.compliance") / "rules" / PACKAGED if path is None else path
    try:
        return msgspec.convert(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), Policy)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError, RecursionError) as error:
        raise PolicyRefused(file.name, _in_one_line(str(error).splitlines())) from error


def _in_one_line(lines: Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines)
