"""The schedules that are stated, and what the documents say of them."""

from collections import Counter

from celery.schedules import crontab

from config.periodic import PERIODIC
from tests.support.clock import NOON
from workers.processes import ROOT


def test_every_schedule_has_a_name_of_its_own() -> None:
    assert max(Counter(periodic.name for periodic in PERIODIC).values()) == 1


def test_the_operations_page_lists_every_schedule_with_its_times_and_its_policy() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()

    for periodic in PERIODIC:
        kind = periodic.tick_job(NOON).kind
        times = str(periodic.timetable).removesuffix(" Africa/Windhoek")
        assert f"| {periodic.name} | `{kind}` | `{times}` | {periodic.missed} |" in page


def test_the_queues_page_says_when_the_clean_ups_are_due() -> None:
    page = (ROOT / "docs" / "queues.md").read_text()
    [nightly, cache, letters] = PERIODIC

    assert nightly.schedule == crontab(hour="2", minute="0")
    assert cache.schedule == crontab(minute="30")
    assert letters.schedule == crontab(minute="45")
    assert "02:00 every night, minutes 30 and 45 of every hour, Windhoek time" in page
