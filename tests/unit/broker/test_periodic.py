"""Which tick is published next, as every beat decides it; and many beats at once, on a model of the broker."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.broker.periodic import Periodic
from buffrsign.jobs import PayloadRefused
from buffrsign.jobs.maintenance import CacheCleanup, ExpiredDocuments
from buffrsign.jobs.missed import Missed
from tests.support.jobs import letter
from tests.support.periodic import Died, ModelBroker

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(missed: Missed = Missed.RUN) -> Periodic:
    return Periodic("tidy up", CacheCleanup, crontab(minute="0"), missed)


def to_be_published(periodic: Periodic, *, last: datetime | None, now: datetime) -> list[datetime]:
    found = []
    while (due := periodic.to_publish(last=last, now=now)) is not None:
        found.append(due)
        last = due
    return found


def test_a_schedule_that_nobody_remembers_begins_with_its_next_tick() -> None:
    assert to_be_published(hourly(), last=None, now=NOON) == [NOON + HOUR]


def test_a_first_tick_that_might_be_due_before_it_is_published_is_left_to_the_next() -> None:
    just_before = NOON - timedelta(milliseconds=500)

    assert to_be_published(hourly(), last=None, now=just_before) == [NOON + HOUR]


def test_nothing_is_to_be_done_while_the_next_tick_is_published() -> None:
    assert to_be_published(hourly(), last=NOON + HOUR, now=NOON) == []


def test_once_a_tick_is_due_the_next_one_is_published() -> None:
    assert to_be_published(hourly(), last=NOON, now=NOON) == [NOON + HOUR]


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        (Missed.RUN, [NOON - 2 * HOUR, NOON - HOUR, NOON, NOON + HOUR]),
        (Missed.SKIP, [NOON + HOUR]),
        (Missed.ONCE, [NOON, NOON + HOUR]),
    ],
)
def test_missed_ticks_follow_the_policy_of_their_schedule(missed: Missed, expected: list[datetime]) -> None:
    assert to_be_published(hourly(missed), last=NOON - 3 * HOUR, now=NOON) == expected


def test_a_tick_s_job_id_follows_from_its_schedule_s_name_and_its_time_alone() -> None:
    again = Periodic("tidy up", ExpiredDocuments, timedelta(hours=1), Missed.SKIP)

    assert hourly().tick_job(NOON).job_id == again.tick_job(NOON).job_id == "15b7c354-a942-5220-b2d8-e48fc0ba5928"
    assert hourly().tick_id(NOON) != hourly().tick_id(NOON + HOUR)
    assert hourly().tick_id(NOON) != Periodic("tidy", CacheCleanup, HOUR, Missed.RUN).tick_id(NOON)


def test_a_kind_with_a_key_of_its_own_is_refused_since_only_its_first_tick_would_run() -> None:
    with pytest.raises(ValueError, match="only the first tick of 'nag' would ever run"):
        Periodic("nag", letter, HOUR, Missed.RUN)


def test_a_job_that_does_not_fit_its_contract_is_refused_where_it_is_stated() -> None:
    def too_many(job_id: str) -> ExpiredDocuments:
        return ExpiredDocuments(job_id=job_id, at_most=0)

    with pytest.raises(PayloadRefused, match=r"\$\.at_most"):
        Periodic("delete", too_many, HOUR, Missed.RUN)


def test_a_schedule_needs_a_name() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Periodic("", CacheCleanup, HOUR, Missed.RUN)


PAUSES = st.one_of(st.timedeltas(timedelta(0), timedelta(minutes=90)), st.timedeltas(timedelta(0), timedelta(hours=60)))
LIVES = st.lists(
    st.tuples(PAUSES, st.lists(st.sampled_from(["goes on", "dies", "is cut off", "is overtaken"]), max_size=12)),
    min_size=1,
    max_size=12,
)
"""Beats one after another: how long nobody was up before each, and what befalls it at each of its steps."""


def after(lives: list[Any], missed: Missed) -> ModelBroker:
    """A broker whose beats had these lives, and then one that nothing befell."""
    broker = ModelBroker(NOON + timedelta(minutes=1), hourly(missed))
    broker.beat().round()
    for pause, steps in lives:
        broker.advance(pause)
        broker.befall(steps, pause)
        with suppress(Died):
            broker.beat().round()
    broker.befall([], timedelta(0))
    broker.beat().round()
    return broker


@given(lives=LIVES)
def test_whatever_befalls_the_beats_each_tick_is_published_once_and_none_is_lost(lives: list[Any]) -> None:
    broker = after(lives, Missed.RUN)

    due = [NOON + HOUR * number for number in range(1, (broker.now - NOON) // HOUR + 2)]
    assert sorted(broker.accepted) == due


@given(lives=LIVES, missed=st.sampled_from([Missed.SKIP, Missed.ONCE]))
def test_no_tick_is_accepted_twice_and_the_next_one_is_always_published_under_the_other_policies(
    lives: list[Any], missed: Missed
) -> None:
    broker = after(lives, missed)

    assert len(broker.accepted) == len(set(broker.accepted))
    assert max(broker.accepted) > broker.now
