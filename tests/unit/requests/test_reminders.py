from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.jobs.requests import ReminderPolicy, Signer
from buffrsign.requests import Next, Notice, SignatureRequest, Told, allowed, state
from buffrsign.requests.reminders import next_letter
from tests.support.clock import NOON
from tests.support.requests import opened, signed, signer, voided

ANNA, CARL = signer("anna"), signer("carl", order=2)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEVER_QUIET = ReminderPolicy(quiet_from="00:00", quiet_until="00:00")
WINDHOEK = ZoneInfo("Africa/Windhoek")


def request(*, policy: ReminderPolicy = NEVER_QUIET, lasts: timedelta | None = 30 * DAY) -> SignatureRequest:
    asked = opened(ANNA, CARL)
    return replace(asked, reminders=policy, expires_at=None if lasts is None else NOON + lasts)


def told(letter: Told, round_: int = 1, at: datetime = NOON, who: Signer = ANNA) -> Notice:
    return Notice(who.recipient_id, letter, round_, at)


def windhoek(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in November 2026 in Windhoek; the 28th is a Saturday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=WINDHOEK)


def test_the_first_reminder_comes_after_the_first_pause_and_the_others_at_intervals():
    first = next_letter(request(), ANNA, [told(Told.REQUEST)], now=NOON)
    second = next_letter(request(), ANNA, [told(Told.REMINDER)], now=NOON + 5 * DAY)

    assert first == Next(Told.REMINDER, 1, NOON + 5 * DAY)
    assert second == Next(Told.REMINDER, 2, NOON + 7 * DAY)


def test_after_downtime_the_next_reminder_is_counted_from_the_one_that_came_late():
    late = NOON + 20 * DAY

    following = next_letter(request(), ANNA, [told(Told.REMINDER, at=late)], now=late)

    assert following == Next(Told.REMINDER, 2, late + 2 * DAY)


def test_reminders_end_after_as_many_as_the_sender_allows_and_the_last_chance_still_comes():
    told_all = [told(Told.REMINDER, number) for number in range(1, 6)]

    following = next_letter(request(), ANNA, told_all, now=NOON + 13 * DAY)

    assert following == Next(Told.LAST_CHANCE, 1, NOON + 29 * DAY)
    assert next_letter(request(lasts=None), ANNA, told_all, now=NOON + 13 * DAY) is None


def test_the_last_chance_takes_the_place_of_a_reminder_that_would_come_after_it():
    short = request(lasts=3 * DAY)

    assert next_letter(short, ANNA, [told(Told.REQUEST)], now=NOON) == Next(Told.LAST_CHANCE, 1, NOON + 2 * DAY)


def test_after_the_last_chance_nothing_comes():
    short = request(lasts=3 * DAY)
    last = told(Told.LAST_CHANCE, at=NOON + 2 * DAY)

    assert next_letter(short, ANNA, [last], now=NOON + 2 * DAY) is None


def test_a_last_chance_before_an_extension_is_none_any_more():
    extended = request(lasts=10 * DAY)
    before = told(Told.LAST_CHANCE, at=NOON + 2 * DAY)
    all_told = [before, *(told(Told.REMINDER, number) for number in range(1, 6))]

    assert next_letter(extended, ANNA, all_told, now=NOON + 2 * DAY) == Next(Told.LAST_CHANCE, 2, NOON + 9 * DAY)


def test_a_sender_may_want_no_last_chance_and_no_reminders():
    silent = msgspec.structs.replace(NEVER_QUIET, at_most=0, last_chance_before=timedelta(0))

    assert next_letter(request(policy=silent), ANNA, [], now=NOON) is None


@pytest.mark.parametrize("event", [signed("anna"), voided()], ids=["signed", "voided"])
def test_nothing_comes_once_a_signature_is_not_awaited(event):
    moved = state.apply(request(), event)

    assert isinstance(moved, SignatureRequest)
    assert next_letter(moved, ANNA, [], now=NOON) is None


def test_nothing_comes_before_it_is_a_signer_s_turn_and_after_the_request_expired():
    assert next_letter(request(), CARL, [], now=NOON) is None
    assert next_letter(request(), ANNA, [], now=NOON + 30 * DAY) is None


@pytest.mark.parametrize(
    ("wanted", "comes"),
    [
        (windhoek(26, 12), windhoek(26, 12)),
        (windhoek(26, 19, 59), windhoek(26, 19, 59)),
        (windhoek(26, 20), windhoek(27, 8)),
        (windhoek(26, 23, 59), windhoek(27, 8)),
        (windhoek(27, 3), windhoek(27, 8)),
        (windhoek(27, 8), windhoek(27, 8)),
    ],
)
def test_quiet_hours_are_over_at_eight(wanted: datetime, comes: datetime):
    assert allowed(wanted, policy=ReminderPolicy(), time_zone="Africa/Windhoek") == comes


def test_the_quiet_hours_are_those_of_the_recipient():
    eight_in_the_evening_in_windhoek = windhoek(26, 20)

    comes = allowed(eight_in_the_evening_in_windhoek, policy=ReminderPolicy(), time_zone="America/New_York")

    assert comes == eight_in_the_evening_in_windhoek  # it is one in the afternoon there


@pytest.mark.parametrize(
    ("wanted", "comes"),
    [
        (windhoek(27, 21), windhoek(30, 8)),  # Friday night
        (windhoek(28, 12), windhoek(30, 8)),
        (windhoek(29, 23), windhoek(30, 8)),
        (windhoek(30, 9), windhoek(30, 9)),
    ],
)
def test_where_that_is_asked_for_nothing_comes_on_a_week_end(wanted: datetime, comes: datetime):
    policy = ReminderPolicy(business_days_only=True)

    assert allowed(wanted, policy=policy, time_zone="Africa/Windhoek") == comes


def test_quiet_hours_may_lie_within_a_day():
    siesta = ReminderPolicy(quiet_from="12:00", quiet_until="14:30")

    assert allowed(windhoek(26, 13), policy=siesta, time_zone="Africa/Windhoek") == windhoek(26, 14, 30)
    assert allowed(windhoek(26, 15), policy=siesta, time_zone="Africa/Windhoek") == windhoek(26, 15)


@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["Africa/Windhoek", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"]),
    begin=st.times().map(lambda at: at.strftime("%H:%M")),
    end=st.times().map(lambda at: at.strftime("%H:%M")),
    business=st.booleans(),
)
def test_a_letter_never_comes_early_never_in_quiet_hours_and_within_four_days(moment, zone, begin, end, business):
    policy = ReminderPolicy(quiet_from=begin, quiet_until=end, business_days_only=business)

    comes = allowed(moment, policy=policy, time_zone=zone)

    local = comes.astimezone(ZoneInfo(zone))
    assert moment <= comes <= moment + 4 * DAY
    assert not business or local.weekday() < 5
    assert not quiet(local.time(), time.fromisoformat(begin), time.fromisoformat(end))
    assert allowed(comes, policy=policy, time_zone=zone) == comes


def quiet(at: time, begin: time, end: time) -> bool:
    return begin <= at < end if begin <= end else at >= begin or at < end
