"""One job, asked about and moved from a shell."""

import json
from datetime import timedelta

import pytest

from buffrsign import Producer, State
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.core.clock import utc_now
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.cli import Run, command_line, status_of

INSPECT = ("documents.inspect", '{"document_id": "doc_7", "sha256": "' + "ab" * 32 + '"}')


def test_the_status_of_a_done_job_shows_its_times_and_its_outcome(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    job_id = producer.enqueue(Canary()).job_id
    finish(broker, job_id, outcome="answered")

    shown = run("status", job_id)

    assert shown.exit_code == 0
    lines = dict(line.strip().split(maxsplit=1) for line in shown.stdout.splitlines())
    assert {name: lines[name] for name in ("job", "state", "queue", "attempts", "worker", "outcome")} == {
        "job": job_id,
        "state": "done",
        "queue": "maintenance",
        "attempts": "1",
        "worker": "maintenance@here",
        "outcome": "answered",
    }
    assert lines["waited"].endswith(" ms")
    assert lines["ran"].endswith(" ms")


def test_a_status_can_be_read_by_a_machine(run: Run, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id

    shown = json.loads(run("status", job_id, "--json").stdout)

    assert (shown["job_id"], shown["state"], shown["ended_at"]) == (job_id, "ready", None)


@pytest.mark.parametrize("command", ["status", "cancel"])
def test_a_job_that_the_broker_does_not_know_is_a_sentence(run: Run, command: str) -> None:
    shown = run(command, "01JDDDDDDDDDDDDDDDDDDDDDDD")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "knows no job 01JDDDDDDDDDDDDDDDDDDDDDDD" in shown.stderr


def test_a_job_is_enqueued_from_the_command_line(run: Run, producer: Producer) -> None:
    shown = json.loads(run("enqueue", *INSPECT, "--json").stdout)

    assert shown == {"job_id": shown["job_id"], "kind": INSPECT[0], "queue": "documents", "duplicate": False}
    assert status_of(producer, shown["job_id"]).state is State.READY


def test_a_payload_can_come_from_standard_input(run: Run, broker: TestBroker) -> None:
    shown = run("enqueue", INSPECT[0], "-", stdin=INSPECT[1])

    assert shown.exit_code == 0
    assert broker.client.llen("documents") == 1


def test_enqueueing_the_same_again_names_the_job_that_stands(run: Run) -> None:
    first = json.loads(run("enqueue", *INSPECT, "--json").stdout)

    again = json.loads(run("enqueue", *INSPECT, "--json").stdout)

    assert again == {**first, "duplicate": True}


def test_a_delayed_job_waits_in_the_schedule(run: Run, producer: Producer) -> None:
    shown = json.loads(run("enqueue", *INSPECT, "--delay", "2h", "--json").stdout)

    status = status_of(producer, shown["job_id"])
    assert status.state is State.SCHEDULED
    assert (status.due_at - status.enqueued_at).total_seconds() == 2 * 60 * 60


def test_a_job_can_be_given_its_moment(run: Run, producer: Producer) -> None:
    tomorrow = utc_now().replace(microsecond=0) + timedelta(days=1)

    shown = json.loads(run("enqueue", *INSPECT, "--at", tomorrow.isoformat(), "--json").stdout)

    assert status_of(producer, shown["job_id"]).due_at == tomorrow


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((INSPECT[0], "{nope}"), "JSON is malformed"),
        ((INSPECT[0], "[" * 5000), "nested too deeply"),
        ((*INSPECT, "--delay", "5"), "as in 250ms, 5s, 10m, 2h or 3d"),
        ((*INSPECT, "--delay", f"{'9' * 20}d"), "too long"),
        ((*INSPECT, "--at", "2999-01-01T10:00:00"), "offset from UTC"),
        ((*INSPECT, "--at", "2999-01-01T10:00:00+02:00", "--delay", "5s"), "not both"),
    ],
)
def test_a_wrong_call_is_a_usage_error(
    run: Run, broker: TestBroker, arguments: tuple[str, ...], complaint: str
) -> None:
    shown = run("enqueue", *arguments)

    assert shown.exit_code == 2
    assert complaint in shown.stderr
    assert broker.client.llen("documents") == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("documents.inspekt", "{}"), "known are: audit.record_event"),
        ((INSPECT[0], "{}"), "missing required field `document_id`"),
        ((INSPECT[0], "[]"), "expected an object"),
        ((*INSPECT, "--delay", "9999d"), "between 0 and"),
    ],
)
def test_a_refused_job_is_a_sentence(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    shown = run("enqueue", *arguments)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert complaint in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


def test_waiting_in_vain_ends_with_the_job_and_its_state(run: Run) -> None:
    shown = run("enqueue", *INSPECT, "--wait", "0")

    assert shown.exit_code == 1
    assert "is still ready" in shown.stderr


def test_a_waiting_job_is_taken_back(run: Run, producer: Producer) -> None:
    handle = producer.enqueue(Canary())

    shown = run("cancel", handle.job_id)

    assert shown.exit_code == 0
    assert status_of(producer, handle.job_id).state is State.CANCELLED


def test_a_job_that_is_done_is_not_taken_back(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id
    finish(broker, job_id, outcome="answered")

    shown = run("cancel", job_id)

    assert shown.exit_code == 1
    assert "because it is done" in shown.stderr


def test_without_a_broker_url_the_jobs_lie_in_database_0_of_redis_url(broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id
    run = command_line({"REDIS_URL": broker.broker_url.removesuffix("/0") + "/7"})

    shown = run("status", job_id)

    assert shown.exit_code == 0


def test_another_key_secret_than_the_brokers_is_refused(run: Run) -> None:
    run("enqueue", *INSPECT)

    shown = run("enqueue", *INSPECT, "--key-secret", "the secret of somebody else")

    assert shown.exit_code == 1
    assert "BUFFRSIGN_JOB_KEY_SECRET" in shown.stderr


def finish(broker: TestBroker, job_id: str, *, outcome: str) -> None:
    deliveries = Deliveries(broker.client)
    delivery = Delivery(job_id, Canary.kind, "maintenance", "maintenance@here", request={})
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome=outcome, result={})
