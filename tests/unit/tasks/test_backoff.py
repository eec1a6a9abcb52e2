from datetime import timedelta

import pytest

from buffrsign.core.errors import Transient
from tasks.base import FIRST_BACKOFF, LONGEST_BACKOFF, backoff, wait_after


def test_the_wait_doubles_from_attempt_to_attempt() -> None:
    waits = [backoff(attempt, first=FIRST_BACKOFF, jitter=1.0) for attempt in (1, 2, 3, 4)]

    assert waits == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 1), (0.5, 1.5), (1.0, 2)])
def test_the_wait_is_spread_over_half_to_all_of_it(jitter: float, seconds: float) -> None:
    assert backoff(1, first=FIRST_BACKOFF, jitter=jitter) == timedelta(seconds=seconds)


def test_the_wait_has_an_end_however_many_attempts_there_are() -> None:
    assert backoff(20, first=FIRST_BACKOFF, jitter=1.0) == LONGEST_BACKOFF
    assert backoff(1000, first=FIRST_BACKOFF, jitter=0.0) == LONGEST_BACKOFF / 2


@pytest.mark.parametrize(("retry_after_s", "seconds"), [(None, 2), (1, 2), (90, 90)])
def test_the_wait_is_at_least_what_the_error_knows_to_be_needed(retry_after_s: int | None, seconds: int) -> None:
    error = Transient("the server is away; wait")
    if retry_after_s is not None:
        error.retry_after = timedelta(seconds=retry_after_s)

    assert wait_after(error, 1, first=FIRST_BACKOFF, jitter=1.0) == timedelta(seconds=seconds)


def test_a_fault_of_ours_waits_for_its_backoff() -> None:
    assert wait_after(KeyError(), 1, first=FIRST_BACKOFF, jitter=1.0) == FIRST_BACKOFF
