"""The queues as an operator sees them, with and without somebody who serves them."""

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.cli import Run, status_of
from tests.support.holding import reserve
from workers.processes import Processes


def test_every_queue_is_counted(run: Run, broker: TestBroker, producer: Producer) -> None:
    producer.enqueue(Canary(ask=Queue.EMAIL))
    producer.enqueue(Canary(ask=Queue.EMAIL))
    producer.enqueue(Canary(), delay=timedelta(hours=1))
    reserve(broker.client, "holder", jobs=1, lease_ms=60_000, queue=Queue.EMAIL)
    broker.client.zadd(keys.suspects(Queue.AUDIT), {b"a message": 1})

    shown = json.loads(run("queues", "--json").stdout)

    nothing = {
        "ready": 0,
        "backlog": 0,
        "held": 0,
        "suspects": 0,
        "leased": 0,
        "events": {},
        "paused_since": None,
    }
    assert shown == {
        "queues": {
            **dict.fromkeys(Queue, nothing),
            "email": {**nothing, "ready": 1, "leased": 1, "events": {"enqueued": 2}},
            "audit": {**nothing, "suspects": 1},
            "maintenance": {**nothing, "events": {"enqueued": 1}},
        },
        "scheduled": 1,
        "dead": 0,
        "ended": 0,
    }


def test_the_queues_are_a_table_for_people(run: Run, producer: Producer) -> None:
    producer.enqueue(Canary(ask=Queue.EMAIL))

    shown = run("queues")

    table, totals = shown.stdout.split("\n\n")
    headings, *rows = [line.split() for line in table.splitlines()]
    assert " ".join(headings) == "queue ready backlog held suspects leased enqueued done retried crashed dead cancelled"
    assert {name: "".join(figures) for name, *figures in rows} == {
        **dict.fromkeys(Queue, "00000000000"),
        "email": "10000100000",
    }
    assert [line.split()[-1] for line in totals.splitlines()[1:]] == ["0", "0"]


def test_watching_goes_on_until_it_is_interrupted(broker: TestBroker, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "buffrsign.cli", "queues", "--watch", "--json"]
    with subprocess.Popen(command, env=broker.environment(tmp_path), stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        first, second = watching.stdout.readline(), watching.stdout.readline()

        watching.send_signal(signal.SIGINT)

        assert watching.wait(10) == 0
    assert json.loads(first) == json.loads(second)


def test_a_queue_that_nobody_serves_is_named_and_its_canary_taken_back(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    shown = run("ping", "email", "audit", "email", "--timeout", "0")

    assert shown.exit_code == 1
    assert "no answer within 0 s from email, audit;" in shown.stderr
    assert [line.split()[0] for line in shown.stdout.splitlines() if line.strip()][-2:] == ["email", "audit"]
    canaries = [key.decode().removeprefix(keys.RECORD_PREFIX) for key in broker.client.scan_iter(keys.record("*"))]
    assert [status_of(producer, job_id).state for job_id in canaries] == [State.CANCELLED] * 2


def test_without_names_all_six_queues_are_asked(run: Run) -> None:
    shown = run("ping", "--timeout", "0", "--json")

    assert [answer["queue"] for answer in json.loads(shown.stdout)] == list(Queue)


def test_a_queue_that_is_served_answers(run: Run, broker: TestBroker, tmp_path: Path) -> None:
    worker = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-Q", "audit", "-n", "audit@here"]
    quietly = ["--pool", "solo", "--without-mingle", "--without-gossip", "--without-heartbeat"]
    with Processes(tmp_path / "log") as processes:
        processes.start("audit", [*worker, *quietly], env=broker.environment(tmp_path))

        shown = run("ping", "audit", "--timeout", "30", "--json")

    assert shown.exit_code == 0, shown.stderr
    (answer,) = json.loads(shown.stdout)
    assert answer == {"queue": "audit", "answered_ms": answer["answered_ms"], "worker": "audit@here"}
    assert answer["answered_ms"] >= 0
