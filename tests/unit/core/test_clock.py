from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.core.clock import from_epoch_ms, to_epoch_ms, utc_now

WINDHOEK = timezone(timedelta(hours=2))


def test_the_clock_of_production_says_the_time_in_utc():
    before = datetime.now(UTC)

    assert before <= utc_now() <= datetime.now(UTC)
    assert utc_now().tzinfo is UTC


def test_one_moment_is_one_number_in_every_time_zone():
    assert to_epoch_ms(datetime(2026, 3, 2, 14, 0, tzinfo=WINDHOEK)) == to_epoch_ms(
        datetime(2026, 3, 2, 12, tzinfo=UTC)
    )


@pytest.mark.parametrize(("microseconds", "ms"), [(0, 0), (999, 0), (1000, 1), (-1, -1)])
def test_milliseconds_are_rounded_down(microseconds, ms):
    assert to_epoch_ms(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)) == ms


def test_a_datetime_without_a_zone_names_no_moment():
    with pytest.raises(ValueError, match="no time zone"):
        to_epoch_ms(datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_millisecond(moment):
    back = from_epoch_ms(to_epoch_ms(moment))

    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
