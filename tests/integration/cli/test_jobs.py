"""Jobs, asked about and moved from a shell."""

import json
from datetime import timedelta

import pytest

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.broker.schedule import Schedule
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.cli import Run, command_line, status_of

INSPECT = ("documents.inspect", '{"document_id": "doc_7", "sha256": "' + "ab" * 32 + '"}')


def test_the_status_of_a_done_job_shows_its_times_and_its_outcome(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    job_id = producer.enqueue(Canary()).job_id
    finish(broker, job_id, outcome="answered")

    shown = run("jobs", "show", job_id)

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

    shown = json.loads(run("jobs", "show", job_id, "--json").stdout)

    assert (shown["job_id"], shown["state"], shown["ended_at"]) == (job_id, "ready", None)


@pytest.mark.parametrize("command", ["show", "cancel", "run-now"])
def test_a_job_that_the_broker_does_not_know_is_a_sentence(run: Run, command: str) -> None:
    shown = run("jobs", command, "01JDDDDDDDDDDDDDDDDDDDDDDD")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "knows no job 01JDDDDDDDDDDDDDDDDDDDDDDD" in shown.stderr


def test_a_job_is_enqueued_from_the_command_line(run: Run, producer: Producer) -> None:
    shown = json.loads(run("jobs", "enqueue", *INSPECT, "--json").stdout)

    assert shown == {"job_id": shown["job_id"], "kind": INSPECT[0], "queue": "documents", "duplicate": False}
    assert status_of(producer, shown["job_id"]).state is State.READY


def test_a_payload_can_come_from_standard_input(run: Run, broker: TestBroker) -> None:
    shown = run("jobs", "enqueue", INSPECT[0], "-", stdin=INSPECT[1])

    assert shown.exit_code == 0
    assert broker.client.llen("documents") == 1


def test_enqueueing_the_same_again_names_the_job_that_stands(run: Run) -> None:
    first = json.loads(run("jobs", "enqueue", *INSPECT, "--json").stdout)

    again = json.loads(run("jobs", "enqueue", *INSPECT, "--json").stdout)

    assert again == {**first, "duplicate": True}


def test_a_delayed_job_waits_in_the_schedule(run: Run, producer: Producer) -> None:
    shown = json.loads(run("jobs", "enqueue", *INSPECT, "--delay", "2h", "--json").stdout)

    status = status_of(producer, shown["job_id"])
    assert status.state is State.SCHEDULED
    assert (status.due_at - status.enqueued_at).total_seconds() == 2 * 60 * 60


def test_a_job_can_be_given_its_moment(run: Run, producer: Producer) -> None:
    tomorrow = utc_now().replace(microsecond=0) + timedelta(days=1)

    shown = json.loads(run("jobs", "enqueue", *INSPECT, "--at", tomorrow.isoformat(), "--json").stdout)

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
    shown = run("jobs", "enqueue", *arguments)

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
    shown = run("jobs", "enqueue", *arguments)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert complaint in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


def test_waiting_in_vain_ends_with_the_job_and_its_state(run: Run) -> None:
    shown = run("jobs", "enqueue", *INSPECT, "--wait", "0")

    assert shown.exit_code == 1
    assert "is still ready" in shown.stderr


def test_a_waiting_job_is_taken_back(run: Run, producer: Producer) -> None:
    handle = producer.enqueue(Canary())

    shown = run("jobs", "cancel", handle.job_id)

    assert shown.exit_code == 0
    assert status_of(producer, handle.job_id).state is State.CANCELLED


def test_a_job_that_is_done_is_not_taken_back(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id
    finish(broker, job_id, outcome="answered")

    shown = run("jobs", "cancel", job_id)

    assert shown.exit_code == 1
    assert "because it is done" in shown.stderr


def test_without_a_broker_url_the_jobs_lie_in_database_0_of_redis_url(broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id
    run = command_line({"REDIS_URL": broker.broker_url.removesuffix("/0") + "/7"})

    shown = run("jobs", "show", job_id)

    assert shown.exit_code == 0


def test_another_key_secret_than_the_brokers_is_refused(run: Run) -> None:
    run("jobs", "enqueue", *INSPECT)

    shown = run("jobs", "enqueue", *INSPECT, "--key-secret", "the secret of somebody else")

    assert shown.exit_code == 1
    assert "BUFFRSIGN_JOB_KEY_SECRET" in shown.stderr


def test_jobs_are_listed_by_state_and_queue(run: Run, producer: Producer) -> None:
    ready = [producer.enqueue(Canary(ask=Queue.EMAIL)).job_id for _ in range(2)]
    producer.enqueue(Canary())
    producer.enqueue(Canary(ask=Queue.EMAIL), delay=timedelta(hours=1))

    shown = run("jobs", "list", "--state", "ready", "--queue", "email", "--json")

    assert [job["job_id"] for job in json.loads(shown.stdout)] == ready


def test_scheduled_jobs_are_listed_in_the_order_of_their_times(run: Run, producer: Producer) -> None:
    late, soon = (producer.enqueue(Canary(), delay=timedelta(hours=hours)).job_id for hours in (2, 1))

    shown = run("jobs", "list", "--state", "scheduled", "--limit", "5")

    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["job_id", soon, late]


def test_several_jobs_are_taken_back_at_once(run: Run, producer: Producer) -> None:
    job_ids = [producer.enqueue(Canary(), delay=timedelta(hours=1)).job_id for _ in range(3)]

    shown = run("jobs", "cancel", *job_ids, "--json")

    assert shown.exit_code == 0
    assert [(job["job_id"], job["state"]) for job in json.loads(shown.stdout)] == [
        (job_id, "cancelled") for job_id in job_ids
    ]


def test_of_several_jobs_those_that_cannot_be_taken_back_are_named(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    done = producer.enqueue(Canary()).job_id
    finish(broker, done, outcome="answered")
    waiting = producer.enqueue(Canary(), delay=timedelta(hours=1)).job_id

    shown = run("jobs", "cancel", done, waiting, "01JDDDDDDDDDDDDDDDDDDDDDDD")

    assert shown.exit_code == 1
    assert waiting in shown.stdout
    assert f"job {done} was not taken back, because it is done" in shown.stderr
    assert "knows no job 01JDDDDDDDDDDDDDDDDDDDDDDD" in shown.stderr
    assert status_of(producer, waiting).state is State.CANCELLED


def test_a_running_job_is_asked_to_stop_where_that_is_wanted(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id
    begin(broker, job_id)

    left, asked = run("jobs", "cancel", job_id), run("jobs", "cancel", job_id, "--running")

    assert (left.exit_code, asked.exit_code) == (1, 0)
    assert "because it is running" in left.stderr
    assert status_of(producer, job_id).stop_asked
    assert "stopping  yes" in run("jobs", "show", job_id).stdout


def test_a_scheduled_job_is_moved_to_another_time(run: Run, producer: Producer) -> None:
    job_id = producer.enqueue(Canary(), delay=timedelta(hours=1)).job_id
    tomorrow = utc_now().replace(microsecond=0) + timedelta(days=1)

    shown = run("jobs", "reschedule", job_id, "--at", tomorrow.isoformat())

    assert shown.exit_code == 0
    assert status_of(producer, job_id).due_at == tomorrow


def test_a_scheduled_job_is_run_now(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary(), delay=timedelta(hours=1)).job_id

    shown = run("jobs", "run-now", job_id)

    assert shown.exit_code == 0
    assert Schedule(broker.client).promote().moved == 1
    assert status_of(producer, job_id).state is State.READY


def test_a_job_that_waits_no_longer_is_not_moved(run: Run, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id

    shown = run("jobs", "reschedule", job_id, "--delay", "1h")

    assert shown.exit_code == 1
    assert "was not moved, because it is ready" in shown.stderr


@pytest.mark.parametrize("times", [(), ("--delay", "1h", "--at", "2999-01-01T10:00:00+02:00")])
def test_another_time_is_given_in_one_way(run: Run, times: tuple[str, ...]) -> None:
    shown = run("jobs", "reschedule", "01JDDDDDDDDDDDDDDDDDDDDDDD", *times)

    assert shown.exit_code == 2


def test_the_progress_of_a_running_job_is_shown(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id
    begin(broker, job_id)
    broker.client.hset(keys.record(job_id), "progress", '{"done": 3, "total": 10, "note": "rendering"}')

    shown = run("jobs", "show", job_id)

    assert "3 of 10 rendering" in shown.stdout


def begin(broker: TestBroker, job_id: str) -> Delivery:
    delivery = Delivery(job_id, Canary.kind, "maintenance", "maintenance@here", request={})
    Deliveries(broker.client).begin(delivery)
    return delivery


def finish(broker: TestBroker, job_id: str, *, outcome: str) -> None:
    Deliveries(broker.client).finish(begin(broker, job_id), outcome=outcome, result={})
