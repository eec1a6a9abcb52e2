"""`celery inspect`, `celery control` and `celery purge`, typed as an operator types them."""

from collections.abc import Callable
from typing import Any

import pytest

from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.contracts import End
from tests.support.stage import Stage
from tests.support.wait import wait_until

pytestmark = pytest.mark.any_transport
QUEUE = "maintenance"
CommandLine = Callable[..., Any]


def test_inspect_active_shows_what_runs(celery: CommandLine, busy: list[str]) -> None:
    [jobs] = celery("inspect", "active").values()

    assert {(job["id"], job["name"]) for job in jobs} == {(job_id, "test.scripted") for job_id in busy}


def test_inspect_reserved_shows_that_no_job_waits_behind_a_slow_one(
    stage: Stage, celery: CommandLine, busy: list[str]
) -> None:
    waiting = stage.play(End.RETURNS)

    [jobs] = celery("inspect", "reserved").values()

    assert [job["id"] for job in jobs if job["id"] not in busy] == []
    assert stage.broker.client.llen(QUEUE) == 1
    for job_id in busy:
        stage.let_go(job_id)
    stage.wait_for_end(waiting.job_id)


def test_control_rate_limit_holds_until_it_is_lifted(stage: Stage, celery: CommandLine) -> None:
    celery("control", "rate_limit", "test.scripted", "1/s")
    [kinds] = celery("inspect", "registered", "rate_limit").values()

    celery("control", "rate_limit", "test.scripted", "0")

    assert "test.scripted [rate_limit=1/s]" in kinds
    stage.wait_for_end(stage.play(End.RETURNS).job_id)


def test_inspect_stats_shows_the_pool_and_what_was_run(stage: Stage, celery: CommandLine) -> None:
    stage.wait_for_end(stage.play(End.RETURNS).job_id)

    [stats] = celery("inspect", "stats").values()

    assert stats["pool"]["max-concurrency"] == 2
    assert stats["total"]["test.scripted"] >= 1
    assert ":hush" not in str(stats["broker"])


def test_inspect_registered_shows_the_family_s_kinds(celery: CommandLine) -> None:
    [kinds] = celery("inspect", "registered").values()

    assert {"maintenance.canary", "maintenance.cache_cleanup", "test.scripted"} <= {
        kind.partition(" ")[0] for kind in kinds
    }


def test_inspect_active_queues_shows_the_list_that_is_read(celery: CommandLine) -> None:
    [queues] = celery("inspect", "active_queues").values()

    assert [queue["name"] for queue in queues] == [QUEUE]


def test_a_queue_that_is_cancelled_waits_and_goes_on_when_it_is_added_again(stage: Stage, celery: CommandLine) -> None:
    celery("control", "cancel_consumer", QUEUE)
    wait_until(lambda: not any(celery("inspect", "active_queues").values()), "the worker to let go of the queue")
    handles = [stage.play(End.RETURNS) for _ in range(3)]
    wait_until(lambda: stage.broker.client.llen(QUEUE) == 3, "the jobs to wait in the list")
    celery("inspect", "ping")
    waited = [stage.runs(handle.job_id) for handle in handles]

    celery("control", "add_consumer", QUEUE)
    for handle in handles:
        stage.wait_for_end(handle.job_id)

    assert waited == [0, 0, 0]
    assert [stage.runs(handle.job_id) for handle in handles] == [1, 1, 1]


def test_the_length_of_a_queue_is_the_length_of_a_list(stage: Stage) -> None:
    for _ in range(3):
        stage.producer.enqueue(Canary(ask=Queue.COMPLIANCE))

    assert stage.broker.client.llen("compliance") == 3
