"""Which provisions were law on a day, and on whose word: commencement is data, never a guess."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Literal

import msgspec

InForce = bool | Literal["reported"]


class Standing(StrEnum):
    """What a provision was on a day."""

    IN_FORCE = "in_force"
    NOT_IN_FORCE = "not_in_force"
    UNVERIFIED = "commencement_unverified"


class Basis(StrEnum):
    """Which moment chose the version of the law."""

    SIGNED = "the document was signed then"
    NOT_SIGNED = "nothing is signed yet, so it is the moment of the check"
    UNKNOWN = "the time of signing was not collected, so it is the moment of the check"


class Commencement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When some provisions began to be law: `reported` is that somebody says so, `verified` that a person saw it."""

    provisions: str
    in_force: InForce
    effective_from: date | None
    notice: str | None
    verified: bool
    verified_to: date | None = None

    def __post_init__(self) -> None:
        if (self.in_force is False) != (self.effective_from is None):
            raise ValueError("provisions in force, or reported so, have an effective_from; others have null")
        if self.in_force is True and not self.verified:
            raise ValueError("in_force: true needs verified: true; write in_force: reported until somebody has looked")

    def standing_on(self, day: date) -> Standing:
        """What these provisions were on that day."""
        if self.effective_from is None or day < self.effective_from:
            return Standing.NOT_IN_FORCE
        return Standing.IN_FORCE if self.verified else Standing.UNVERIFIED


@dataclass(frozen=True)
class LawDate:
    """The moment that chooses the version of the law, and the day it falls on where the law applies."""

    moment: datetime
    day: date
    basis: Basis


def law_date(signed_at: datetime | None, *, is_known: bool, checked_at: datetime, utc_offset: timedelta) -> LawDate:
    """Signing chooses the version of the law; while nothing is signed, the check does."""
    moment = checked_at if signed_at is None else signed_at
    basis = Basis.SIGNED if signed_at is not None else Basis.NOT_SIGNED if is_known else Basis.UNKNOWN
    return LawDate(moment.astimezone(UTC), moment.astimezone(timezone(utc_offset)).date(), basis)
