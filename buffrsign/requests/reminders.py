"""When a signer hears of a request again: pure, from the request, what that signer was told, and the time.

    request ── first_after ──▶ reminder 1 ── every ──▶ reminder 2 …
    expires_at - last_chance_before ──▶ last chance, in the place of what would come after it

One letter is pending for each signer. The next is decided when the one before it went out, so that after downtime an
overdue one is sent once, and not once for each that was missed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from buffrsign.jobs.requests import ReminderPolicy, Signer
from buffrsign.requests import state
from buffrsign.requests.request import SignatureRequest

_DAY = timedelta(days=1)
_SATURDAY = 5


class Told(StrEnum):
    """What a signer is told of a request, in a letter."""

    REQUEST = "signature_request"
    REMINDER = "signature_reminder"
    LAST_CHANCE = "last_chance"


@dataclass(frozen=True)
class Notice:
    """That a mail server took a letter to this person: who was told what, and when."""

    recipient_id: str
    letter: str
    round: int
    told_at: datetime


@dataclass(frozen=True)
class Next:
    """The letter that comes next. `round` counts the reminders of one signer from 1."""

    letter: Told
    round: int
    at: datetime


def next_letter(
    request: SignatureRequest, signer: Signer, notices: Iterable[Notice], *, now: datetime, tried: int = 0
) -> Next | None:
    """What this signer hears next, and when; None when nothing more comes, or somebody else's turn is now.

    `tried`: the round of a reminder that may have been told; it counts as one that was.
    """
    if signer not in state.to_ask(request, now=now):
        return None
    theirs = [notice for notice in notices if notice.recipient_id == signer.recipient_id]
    told = max(tried, rounds(theirs, signer.recipient_id, Told.REMINDER))
    reminder = _next_reminder(request.reminders, signer, told, now=now)
    last_chance = _last_chance(request, signer, theirs, now=now)
    if reminder and request.expires_at and reminder.at >= request.expires_at:
        reminder = None
    if reminder and last_chance and reminder.at >= last_chance.at:
        return last_chance
    return reminder or last_chance


def rounds(notices: Iterable[Notice], recipient_id: str, letter: Told) -> int:
    """The latest round of this letter that this person was told; 0 before the first."""
    return max(
        (each.round for each in notices if (each.recipient_id, each.letter) == (recipient_id, letter)), default=0
    )


def allowed(moment: datetime, *, policy: ReminderPolicy, time_zone: str) -> datetime:
    """This moment, or the first one after it that is neither in the quiet hours nor on a day without business.

    Where a clock is put forward over the end of the quiet hours, they end with the first minute that exists.
    """
    local = moment.astimezone(ZoneInfo(time_zone))
    while True:
        if _is_quiet(local.time(), policy):
            ends = time.fromisoformat(policy.quiet_until)
            day = local.date() + (_DAY if local.time() >= ends else timedelta(0))
            local = datetime.combine(day, ends, tzinfo=local.tzinfo)
        elif policy.business_days_only and local.weekday() >= _SATURDAY:
            local = datetime.combine(local.date() + _DAY, time(0), tzinfo=local.tzinfo)
        else:
            return max(moment, local.astimezone(moment.tzinfo))


def _next_reminder(policy: ReminderPolicy, signer: Signer, told: int, *, now: datetime) -> Next | None:
    if told >= policy.at_most:
        return None
    pause = policy.every if told else policy.first_after
    return Next(Told.REMINDER, told + 1, allowed(now + pause, policy=policy, time_zone=signer.time_zone))


def _last_chance(request: SignatureRequest, signer: Signer, theirs: list[Notice], *, now: datetime) -> Next | None:
    """It comes once for each expiry: one that was told before the time it is for was moved counts no more."""
    policy = request.reminders
    if request.expires_at is None or not policy.last_chance_before:
        return None
    due = request.expires_at - policy.last_chance_before
    if any(notice.letter == Told.LAST_CHANCE and notice.told_at >= due for notice in theirs):
        return None
    at = allowed(max(now, due), policy=policy, time_zone=signer.time_zone)
    told = rounds(theirs, signer.recipient_id, Told.LAST_CHANCE)
    return Next(Told.LAST_CHANCE, told + 1, at) if at < request.expires_at else None


def _is_quiet(at: time, policy: ReminderPolicy) -> bool:
    begin, end = time.fromisoformat(policy.quiet_from), time.fromisoformat(policy.quiet_until)
    return begin <= at < end if begin <= end else not end <= at < begin
