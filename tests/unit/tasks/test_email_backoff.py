from datetime import timedelta

from tasks.base import backoff
from tasks.email import ATTEMPTS, FIRST_BACKOFF


def patience(*, jitter: float) -> timedelta:
    waits = (backoff(attempt, first=FIRST_BACKOFF, jitter=jitter) for attempt in range(1, ATTEMPTS))
    return sum(waits, timedelta())


def test_a_deferred_letter_is_tried_for_eleven_to_twenty_three_hours():
    assert timedelta(hours=11) < patience(jitter=0) < timedelta(hours=12)
    assert timedelta(hours=23) < patience(jitter=1) < timedelta(hours=24)


def test_the_first_wait_of_a_letter_is_short_enough_for_a_blip_and_the_last_an_hour():
    assert backoff(1, first=FIRST_BACKOFF, jitter=1) == timedelta(seconds=30)
    assert backoff(ATTEMPTS - 1, first=FIRST_BACKOFF, jitter=1) == timedelta(hours=1)
