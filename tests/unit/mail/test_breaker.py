from datetime import timedelta

import pytest

from buffrsign.mail.delivery.breaker import Breaker


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def breaker(seconds: Seconds) -> Breaker:
    return Breaker("ses", failures_to_open=2, pause_s=10, monotonic=seconds)


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not(breaker):
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.enter()

    breaker.failed()

    assert not breaker.enter()
    assert breaker.opens_in() == timedelta(seconds=10)


def test_after_its_pause_one_letter_is_the_probe(breaker, seconds):
    breaker.failed()
    breaker.failed()
    seconds.now = 10

    assert [breaker.enter() for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(("end", "lets_through"), [("succeeded", True), ("abandoned", True), ("failed", False)])
def test_how_a_probe_ends_decides_for_the_letters_after_it(breaker, seconds, end, lets_through):
    breaker.failed()
    breaker.failed()
    seconds.now = 10
    breaker.enter()

    getattr(breaker, end)()

    assert breaker.enter() is lets_through


def test_a_probe_that_succeeds_closes_it_for_all(breaker, seconds):
    breaker.failed()
    breaker.failed()
    seconds.now = 10
    breaker.enter()

    breaker.succeeded()

    assert [breaker.enter() for _ in range(3)] == [True, True, True]
    assert breaker.opens_in() is None
