"""Crontab times on clocks that move, and steps that nobody needs to remember."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery.schedules import crontab
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.broker.timetable import NeverDue, Timetable, timetable_of

BERLIN = ZoneInfo("Europe/Berlin")
WINDHOEK = ZoneInfo("Africa/Windhoek")
SPRING = datetime(2026, 3, 29, tzinfo=UTC)
"""At 01:00 of this day in UTC, Berlin's clocks went from 02:00 to 03:00."""
AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)
"""At 01:00 of this day in UTC, Berlin's clocks went from 03:00 back to 02:00."""


def ticks(timetable: Timetable, start: datetime, end: datetime) -> list[datetime]:
    found = []
    while (start := timetable.next_after(start)) <= end:
        found.append(start)
    return found


def times(timetable: Timetable, day: datetime) -> list[str]:
    return [f"{tick:%H:%M}" for tick in ticks(timetable, day, day + timedelta(hours=4))]


def test_a_time_of_day_is_windhoek_s_and_not_utc_s() -> None:
    nightly = timetable_of(crontab(hour="2", minute="0"), zone=WINDHOEK)

    assert nightly.next_after(datetime(2026, 3, 2, 12, tzinfo=UTC)) == datetime(2026, 3, 3, 0, 0, tzinfo=UTC)


def test_a_time_of_day_that_does_not_exist_is_due_after_the_same_stretch_of_night_as_ever() -> None:
    at_half_past_two = timetable_of(crontab(hour="2", minute="30"), zone=BERLIN)

    assert times(at_half_past_two, SPRING) == ["01:30"]


def test_a_time_of_day_that_exists_twice_is_due_the_first_time_only() -> None:
    at_half_past_two = timetable_of(crontab(hour="2", minute="30"), zone=BERLIN)

    assert times(at_half_past_two, AUTUMN) == ["00:30"]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_hourly_work_is_due_once_in_every_hour_that_passes_whatever_the_clocks_do(day: datetime) -> None:
    hourly = timetable_of(crontab(minute="30"), zone=BERLIN)

    assert times(hourly, day) == ["00:30", "01:30", "02:30", "03:30"]


def test_a_zone_that_left_out_a_day_and_one_whose_clocks_move_at_midnight_lose_no_tick() -> None:
    apia = timetable_of(crontab(hour="0", minute="0"), zone=ZoneInfo("Pacific/Apia"))  # no 30 December 2011
    beirut = timetable_of(crontab(hour="0", minute="0"), zone=ZoneInfo("Asia/Beirut"))  # 27 March 2022 began at 01:00

    assert len(ticks(apia, datetime(2011, 12, 28, 12, tzinfo=UTC), datetime(2012, 1, 2, 12, tzinfo=UTC))) == 5
    assert len(ticks(beirut, datetime(2022, 3, 25, 12, tzinfo=UTC), datetime(2022, 3, 29, 12, tzinfo=UTC))) == 4


def test_all_fields_of_a_crontab_must_match() -> None:
    leap_mondays = crontab(hour="9", minute="0", day_of_month="29", month_of_year="2", day_of_week="mon")
    timetable = timetable_of(leap_mondays, zone=WINDHOEK)

    assert timetable.next_after(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2044, 2, 29, 7, tzinfo=UTC)
    assert timetable.latest_until(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2016, 2, 29, 7, tzinfo=UTC)


def test_a_step_counts_from_1970_so_that_all_who_ask_find_the_same_ticks() -> None:
    timetable = timetable_of(timedelta(minutes=7), zone=BERLIN)

    assert timetable.next_after(datetime(1970, 1, 1, 0, 8, tzinfo=UTC)) == datetime(1970, 1, 1, 0, 14, tzinfo=UTC)
    assert timetable.next_after(datetime(1970, 1, 1, 0, 14, tzinfo=UTC)) == datetime(1970, 1, 1, 0, 21, tzinfo=UTC)


def test_a_step_too_short_to_keep_up_with_is_refused() -> None:
    with pytest.raises(NeverDue, match="not every 0:00:00"):
        timetable_of(timedelta(milliseconds=500), zone=WINDHOEK)


def test_timetables_that_are_due_at_the_same_times_read_the_same() -> None:
    written = [crontab(minute="*/30", hour="*"), crontab(minute="0,30"), crontab(minute=[30, 0])]

    assert {str(timetable_of(each, zone=WINDHOEK)) for each in written} == {"0,30 * * * * Africa/Windhoek"}
    assert str(timetable_of(timedelta(minutes=5), zone=WINDHOEK)) == "every 0:05:00"


CRONTABS = st.builds(
    crontab,
    minute=st.lists(st.integers(0, 59), min_size=1, max_size=4),
    hour=st.one_of(st.just("*"), st.lists(st.integers(0, 23), min_size=1, max_size=4)),
    day_of_week=st.one_of(st.just("*"), st.lists(st.integers(0, 6), min_size=1, max_size=3)),
)
STEPS = st.timedeltas(timedelta(seconds=1), timedelta(days=3))
ZONES = st.sampled_from(["Africa/Windhoek", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(schedule=st.one_of(CRONTABS, STEPS), zone=ZONES, moment=MOMENTS)
def test_no_tick_lies_between_the_latest_and_the_next(
    schedule: crontab | timedelta, zone: ZoneInfo, moment: datetime
) -> None:
    timetable = timetable_of(schedule, zone=zone)

    latest, following = timetable.latest_until(moment), timetable.next_after(moment)

    assert latest <= moment < following
    assert timetable.next_after(latest) == following
    assert timetable.latest_until(following) == following
