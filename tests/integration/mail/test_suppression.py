from datetime import timedelta

import pytest

from buffrsign.mail.states import Source
from buffrsign.mail.suppression import SuppressionList, Why
from tests.support.clock import StoppedClock

ANNA = "anna@example.com"


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def suppressions(database, clock):
    return SuppressionList(database, clock=clock)


def test_a_mailbox_that_a_person_adds_is_suppressed_until_a_person_clears_it(suppressions):
    assert suppressions.add("Anna@Example.com", why="she asked us to")
    assert suppressions.reason_for(ANNA) is Why.PERSON

    assert suppressions.clear(ANNA, why="she asked us to go on")

    assert suppressions.reason_for(ANNA) is None


def test_a_mailbox_is_on_the_list_once(suppressions):
    suppressions.add(ANNA, why="first")

    assert not suppressions.add(ANNA, why="second")

    assert [each.why for each in suppressions.select()] == ["first"]


def test_a_clearing_is_noted_and_kept(suppressions, clock):
    suppressions.add(ANNA, why="she asked us to")
    clock.advance(timedelta(days=1))

    suppressions.clear(ANNA, why="a mistake")

    assert suppressions.select() == []
    [kept] = suppressions.select(cleared=True)
    assert (kept.why, kept.cleared_why, kept.cleared_at, kept.source) == (
        "she asked us to",
        "a mistake",
        clock(),
        Source.PERSON,
    )


def test_a_cleared_mailbox_can_be_added_again(suppressions):
    suppressions.add(ANNA, why="first")
    suppressions.clear(ANNA, why="a mistake")

    assert suppressions.add(ANNA, why="no mistake")

    assert suppressions.reason_for(ANNA) is Why.PERSON


def test_a_mailbox_is_cleared_by_its_number(suppressions):
    suppressions.add("ben@example.com", why="x")
    suppressions.add(ANNA, why="y")
    newest = suppressions.select()[0]

    assert suppressions.clear_number(newest.number, why="a mistake")

    assert suppressions.reason_for(ANNA) is None
    assert suppressions.reason_for("ben@example.com") is Why.PERSON


def test_what_is_not_on_the_list_cannot_be_cleared(suppressions):
    suppressions.add(ANNA, why="x")

    assert not suppressions.clear("ben@example.com", why="y")
    assert not suppressions.clear_number(4711, why="y")


def test_no_address_shows_in_what_a_suppression_looks_like(suppressions):
    suppressions.add(ANNA, why="x")

    assert ANNA not in repr(suppressions.select())
