"""Ticks on a real broker: each is accepted once, remembered in the same step, and followed by the next."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.schedules import crontab

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.periodic import Periodic
from buffrsign.broker.schedule import Schedule
from buffrsign.broker.ticks import Ticks
from buffrsign.core.clock import to_epoch_ms
from buffrsign.jobs.maintenance import CacheCleanup
from buffrsign.jobs.missed import Missed
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.records import whole
from workers.beat import LONGEST_WAIT, PAUSE_AFTER_ERROR, Beat
from workers.processes import free_port

HOUR = timedelta(hours=1)


def hourly(missed: Missed = Missed.RUN) -> Periodic:
    return Periodic("tidy up", CacheCleanup, HOUR, missed)


def last_tick(broker: TestBroker, periodic: Periodic) -> datetime | None:
    return Ticks(broker.client).read(periodic.tick_of).last


def after_downtime(broker: TestBroker, periodic: Periodic, *, hours: int) -> datetime:
    """The latest tick until now, when the last one that was published is so many hours older."""
    latest = periodic.timetable.latest_until(Ticks(broker.client).read(periodic.tick_of).now)
    fields: Any = {"timetable": str(periodic.timetable), "due": to_epoch_ms(latest - hours * HOUR)}
    broker.client.hset(keys.TICK_PREFIX + periodic.name, mapping=fields)
    return latest


def waiting(broker: TestBroker) -> tuple[Any, Any]:
    """How many jobs are ready, and how many scheduled."""
    return broker.client.llen("maintenance"), broker.client.zcard(keys.SCHEDULE)


@pytest.fixture
def beat(broker: TestBroker, producer: Producer) -> Callable[[Periodic], Beat]:
    return lambda *schedules: Beat(schedules, ticks=Ticks(broker.client), producer=producer)


def test_a_first_round_publishes_the_next_tick_ahead_of_its_time(
    broker: TestBroker, producer: Producer, beat: Callable[..., Beat]
) -> None:
    beat(hourly()).round()

    due = last_tick(broker, hourly())
    assert due
    status = producer.status(hourly().tick_id(due))
    assert status
    assert (status.kind, status.due_at) == (CacheCleanup.kind, due)
    assert waiting(broker) == (0, 1)


def test_further_rounds_and_further_beats_publish_nothing_until_it_is_due(
    broker: TestBroker, beat: Callable[..., Beat]
) -> None:
    for each in (beat(hourly()), beat(hourly())):
        assert each.round() <= LONGEST_WAIT
        each.round()

    assert waiting(broker) == (0, 1)


@pytest.mark.parametrize(("missed", "ready"), [(Missed.RUN, 3), (Missed.SKIP, 0), (Missed.ONCE, 1)])
def test_after_downtime_each_schedule_follows_its_policy(
    broker: TestBroker, beat: Callable[..., Beat], missed: Missed, ready: int
) -> None:
    after_downtime(broker, hourly(missed), hours=3)

    beat(hourly(missed)).round()
    beat(hourly(missed)).round()

    assert waiting(broker) == (ready, 1)


def test_one_run_for_the_series_takes_the_place_of_a_tick_that_still_waits(
    broker: TestBroker, producer: Producer, beat: Callable[..., Beat]
) -> None:
    periodic = hourly(Missed.ONCE)
    latest = after_downtime(broker, periodic, hours=4)
    waits = producer.enqueue(periodic.tick_job(latest - 3 * HOUR), at=latest - 3 * HOUR, tick_of=periodic.tick_of)

    beat(periodic).round()

    before, stands = waits.status(), producer.status(periodic.tick_id(latest))
    assert before
    assert before.state.is_final
    assert stands
    assert not stands.state.is_final


def test_no_run_for_the_series_is_needed_where_the_tick_before_ran_late_enough_for_all(
    broker: TestBroker, producer: Producer, beat: Callable[..., Beat]
) -> None:
    periodic = hourly(Missed.ONCE)
    latest = after_downtime(broker, periodic, hours=4)
    ran_late = producer.enqueue(periodic.tick_job(latest - 3 * HOUR), at=latest - 3 * HOUR, tick_of=periodic.tick_of)
    broker.client.hset(whole(broker.client, ran_late.job_id), "started_at", str(to_epoch_ms(latest)))

    beat(periodic).round()

    assert producer.status(periodic.tick_id(latest)) is None
    assert waiting(broker) == (1, 1)


@pytest.mark.parametrize(("missed", "state"), [(Missed.RUN, State.READY), (Missed.SKIP, State.CANCELLED)])
def test_where_everything_was_down_the_tick_that_was_published_ahead_follows_the_policy_too(
    broker: TestBroker, producer: Producer, beat: Callable[..., Beat], missed: Missed, state: State
) -> None:
    beat(hourly(missed)).round()
    due = last_tick(broker, hourly(missed))
    assert due
    tick = hourly(missed).tick_id(due)
    two_minutes_ago = to_epoch_ms(Ticks(broker.client).read(hourly(missed).tick_of).now) - 120_000
    broker.client.hset(whole(broker.client, tick), "ready_at", str(two_minutes_ago))
    broker.client.zadd(keys.SCHEDULE, {tick: two_minutes_ago})

    Schedule(broker.client).promote()

    status = producer.status(tick)
    assert status
    assert status.state is state


def test_a_tick_is_not_published_again_after_its_record_was_forgotten(broker: TestBroker, producer: Producer) -> None:
    due = after_downtime(broker, hourly(), hours=1)
    first = producer.enqueue(hourly().tick_job(due), at=due, tick_of=hourly().tick_of)
    broker.client.delete(keys.record(first.job_id), "maintenance")

    again = producer.enqueue(hourly().tick_job(due), at=due, tick_of=hourly().tick_of)

    assert (first.duplicate, again.duplicate) == (False, True)
    assert waiting(broker) == (0, 0)


def test_a_tick_between_two_that_were_published_is_refused_however_slow_its_beat_was(
    broker: TestBroker, producer: Producer, beat: Callable[..., Beat]
) -> None:
    due = after_downtime(broker, hourly(), hours=2)
    planned_by_a_slow_beat = due - HOUR
    beat(hourly()).round()
    broker.client.delete(keys.record(hourly().tick_id(planned_by_a_slow_beat)))

    late = producer.enqueue(
        hourly().tick_job(planned_by_a_slow_beat), at=planned_by_a_slow_beat, tick_of=hourly().tick_of
    )

    assert late.duplicate
    assert waiting(broker) == (2, 1)


def test_a_changed_timetable_begins_anew_and_the_tick_that_was_published_last_still_runs(
    broker: TestBroker, beat: Callable[..., Beat]
) -> None:
    daily = Periodic("tidy up", CacheCleanup, timedelta(days=1), Missed.RUN)
    beat(daily).round()
    published_before = last_tick(broker, daily)

    beat(hourly()).round()

    next_one = last_tick(broker, hourly())
    assert last_tick(broker, daily) is None
    assert next_one
    assert published_before
    assert waiting(broker) == (0, len({published_before, next_one}))


def test_a_tick_that_is_due_under_the_old_timetable_and_the_new_one_is_one_job(
    broker: TestBroker, beat: Callable[..., Beat]
) -> None:
    on_the_hour = Periodic("tidy up", CacheCleanup, crontab(minute="0"), Missed.RUN)
    beat(hourly()).round()

    beat(on_the_hour).round()

    assert last_tick(broker, hourly()) is None
    assert last_tick(broker, on_the_hour) is not None
    assert waiting(broker) == (0, 1)


def test_what_a_beat_of_an_old_release_planned_in_the_past_is_refused_once_the_timetable_changed(
    broker: TestBroker, producer: Producer, beat: Callable[..., Beat]
) -> None:
    old = Periodic("tidy up", CacheCleanup, HOUR / 2, Missed.RUN)
    beat(hourly()).round()
    due = old.timetable.latest_until(Ticks(broker.client).read(old.tick_of).now)

    late = producer.enqueue(old.tick_job(due), at=due, tick_of=old.tick_of)

    assert late.duplicate
    assert waiting(broker) == (0, 1)


def test_a_schedule_that_is_removed_is_forgotten_in_time(broker: TestBroker, beat: Callable[..., Beat]) -> None:
    beat(hourly()).round()

    assert broker.client.ttl(keys.TICK_PREFIX + "tidy up") > timedelta(days=366).total_seconds()


def test_a_schedule_that_is_refused_does_not_keep_the_others_from_being_published(
    broker: TestBroker, beat: Callable[..., Beat], caplog: pytest.LogCaptureFixture
) -> None:
    leap_mondays = crontab(day_of_month="29", month_of_year="2", day_of_week="mon")
    too_far = Periodic("too far", CacheCleanup, leap_mondays, Missed.RUN)

    beat(too_far, hourly()).round()

    assert waiting(broker) == (0, 1)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["tick refused"]


def test_a_beat_whose_broker_is_away_comes_back_soon(caplog: pytest.LogCaptureFixture) -> None:
    producer = Producer(f"redis://127.0.0.1:{free_port()}", key_secret=KEY_SECRET)
    beat = Beat([hourly()], ticks=Ticks(producer._client), producer=producer)

    assert beat.round() == PAUSE_AFTER_ERROR
    assert "tick not published yet, trying again" in caplog.text
