"""The way back to stock workers, from a shell."""

import json
from datetime import timedelta

from buffrsign import Producer
from buffrsign.broker import keys
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.cli import Run
from tests.support.holding import reserve
from tests.support.records import whole

HOUR_MS = 3_600_000


def fill(broker: TestBroker, producer: Producer, *, lease_ms: int) -> None:
    """One job that a holder has, one that is ready, and one that is scheduled."""
    for _ in range(2):
        producer.enqueue(Canary())
    producer.enqueue(Canary(), delay=timedelta(hours=1))
    reserve(broker.client, "holder", jobs=1, lease_ms=lease_ms)


def test_everything_goes_and_is_summed_up(run: Run, broker: TestBroker, producer: Producer) -> None:
    fill(broker, producer, lease_ms=-1)

    shown = run("jobs", "export", "--to-stock", "--json")

    assert shown.exit_code == 0, shown.stderr
    assert json.loads(shown.stdout) == {
        "waiting": 0,
        "leased": 1,
        "suspects": 0,
        "scheduled": 1,
        "left": [],
        "dry_run": False,
    }
    assert "wait in the memory of stock workers" in shown.stderr
    assert broker.client.llen("maintenance") == 3


def test_a_dry_run_counts_the_same_and_moves_nothing(run: Run, broker: TestBroker, producer: Producer) -> None:
    fill(broker, producer, lease_ms=-1)

    shown = run("jobs", "export", "--to-stock", "--dry-run", "--json")

    assert json.loads(shown.stdout) == {
        "waiting": 0,
        "leased": 1,
        "suspects": 0,
        "scheduled": 1,
        "left": [],
        "dry_run": True,
    }
    assert broker.client.llen("maintenance") == 1


def test_the_schedule_may_stay(run: Run, broker: TestBroker, producer: Producer) -> None:
    fill(broker, producer, lease_ms=-1)

    shown = json.loads(run("jobs", "export", "--to-stock", "--keep-schedule", "--json").stdout)

    assert (shown["leased"], shown["scheduled"]) == (1, 0)
    assert broker.client.zcard(keys.SCHEDULE) == 1


def test_workers_that_live_stop_it_unless_they_are_robbed(run: Run, broker: TestBroker, producer: Producer) -> None:
    fill(broker, producer, lease_ms=HOUR_MS)

    refused = run("jobs", "export", "--to-stock")
    refused_dry = run("jobs", "export", "--to-stock", "--dry-run")
    robbed = run("jobs", "export", "--to-stock", "--force")

    assert (refused.exit_code, refused_dry.exit_code, robbed.exit_code) == (1, 1, 0)
    assert "stop all workers" in refused.stderr
    assert broker.client.llen("maintenance") == 3


def test_scheduled_jobs_that_cannot_go_are_named(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary(), delay=timedelta(hours=1)).job_id
    broker.client.hset(whole(broker.client, job_id), "message", b"\xff")

    shown = run("jobs", "export", "--to-stock")

    assert shown.exit_code == 1
    assert job_id in shown.stdout
    assert "1 scheduled jobs hold no message" in shown.stderr


def test_for_whom_must_be_said(run: Run) -> None:
    shown = run("jobs", "export")

    assert shown.exit_code == 2
    assert "--to-stock" in shown.stderr
