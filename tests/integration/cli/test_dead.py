"""Dead letters as an operator finds them."""

import json

import pytest

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.jobs import encode
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker
from tests.support.cli import Run, status_of

SOMEBODY = "anna@example.com"


def test_dead_letters_are_listed_the_latest_first_without_their_payload(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    job_ids = [bury(broker, producer) for _ in range(2)]

    listed = json.loads(run("dead", "list", "--json").stdout)

    assert {letter["job_id"] for letter in listed} == set(job_ids)
    assert listed[0]["died_at"] >= listed[1]["died_at"]
    assert listed[0].keys() == {"job_id", "kind", "queue", "reason", "error", "worker", "attempts", "died_at"}


def test_a_list_is_as_long_as_asked(run: Run, broker: TestBroker, producer: Producer) -> None:
    for _ in range(2):
        bury(broker, producer)

    shown = run("dead", "list", "--limit", "1")

    assert shown.stdout.count("permanent_error") == 1


def test_one_dead_letter_says_why_and_keeps_its_payload_to_itself(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    job_id = bury(broker, producer, error="the file is empty; upload it again")

    shown = run("dead", "show", job_id)

    assert "the file is empty; upload it again" in shown.stdout
    assert "maintenance@here" in shown.stdout
    assert SOMEBODY not in shown.stdout


def test_its_payload_is_shown_where_it_is_asked_for(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = bury(broker, producer)

    shown = json.loads(run("dead", "show", job_id, "--payload", "--json").stdout)

    assert shown["payload"]["note"] == SOMEBODY


def test_all_arguments_of_a_stock_producers_job_are_its_payload(
    run: Run, broker: TestBroker, producer: Producer
) -> None:
    job_id = bury(broker, producer, arguments=([], {"note": SOMEBODY}))

    shown = json.loads(run("dead", "show", job_id, "--payload", "--json").stdout)

    assert shown["payload"] == {"args": [], "kwargs": {"note": SOMEBODY}}


@pytest.mark.parametrize("message", ["", "no JSON", "{}", '{"body": 1}', '{"body": "!"}', '{"body": "e30="}'])
def test_a_message_that_cannot_be_read_is_a_sentence(
    run: Run, broker: TestBroker, producer: Producer, message: str
) -> None:
    job_id = bury(broker, producer)
    broker.client.hset(keys.dead_letter(job_id), "message", message)

    shown = run("dead", "show", job_id, "--payload")

    assert shown.exit_code == 1
    assert "show it without --payload" in shown.stderr


def test_an_error_cannot_write_to_the_terminal(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = bury(broker, producer, error="before \x1b[2J[bold]after")

    shown = run("dead", "show", job_id)

    assert "before  [2J[bold]after" in shown.stdout


def test_a_job_that_is_not_dead_is_a_sentence(run: Run, producer: Producer) -> None:
    job_id = producer.enqueue(Canary()).job_id

    shown = run("dead", "show", job_id)

    assert shown.exit_code == 1
    assert f"no dead letter of this broker is job {job_id}" in shown.stderr


def test_the_list_can_be_narrowed(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = bury(broker, producer)
    died_at = json.loads(run("dead", "list", "--json").stdout)[0]["died_at"]

    def listed(*options: str) -> int:
        return len(json.loads(run("dead", "list", *options, "--json").stdout))

    assert listed("--kind", "maintenance.canary", "--queue", "maintenance", "--reason", "permanent_error") == 1
    assert listed("--kind", "email.signature_request") == 0
    assert listed("--queue", "email") == 0
    assert listed("--reason", "killed_its_worker") == 0
    assert (listed("--after", died_at), listed("--before", died_at)) == (1, 0)
    assert job_id


def test_letters_are_requeued_by_id(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_ids = [bury(broker, producer) for _ in range(3)]

    shown = run("dead", "requeue", *job_ids[:2], "--yes")

    assert (shown.exit_code, shown.stdout) == (0, "2 dead letters were requeued.\n")
    states = [status_of(producer, job_id).state for job_id in job_ids]
    assert states == [State.READY, State.READY, State.DEAD]


@pytest.mark.parametrize("meant", [["--all"], ["--reason", "permanent_error"], ["--queue", "maintenance"]])
@pytest.mark.parametrize(("decision", "done"), [("requeue", "requeued"), ("discard", "discarded")])
def test_letters_are_decided_in_bulk(
    run: Run, broker: TestBroker, producer: Producer, decision: str, done: str, meant: list[str]
) -> None:
    job_ids = [bury(broker, producer) for _ in range(2)]

    shown = json.loads(run("dead", decision, *meant, "--yes", "--json").stdout)

    assert (sorted(shown[done]), shown["refused"]) == (sorted(job_ids), {})
    assert json.loads(run("dead", "list", "--json").stdout) == []


@pytest.mark.parametrize("decision", ["requeue", "discard"])
def test_a_dry_run_only_says_what_would_happen(run: Run, broker: TestBroker, producer: Producer, decision: str) -> None:
    bury(broker, producer)

    shown = run("dead", decision, "--all", "--dry-run")

    assert shown.exit_code == 0
    assert "1 dead letters would be" in shown.stdout
    assert broker.client.zcard(keys.DEAD_LETTERS) == 1


def test_a_decision_is_asked_about_unless_told_otherwise(run: Run, broker: TestBroker, producer: Producer) -> None:
    bury(broker, producer)

    refused, agreed = (run("dead", "discard", "--all", stdin=answer) for answer in ("n\n", "y\n"))

    assert refused.exit_code == 1
    assert "1 dead letters will be discarded. Go on?" in refused.stderr
    assert (agreed.exit_code, broker.client.zcard(keys.DEAD_LETTERS)) == (0, 0)


def test_what_cannot_be_requeued_says_why(run: Run, broker: TestBroker, producer: Producer) -> None:
    job_id = bury(broker, producer)
    broker.client.hset(keys.dead_letter(job_id), "message", "")

    shown = run("dead", "requeue", "--all", "--yes")

    assert shown.exit_code == 1
    assert f"{job_id}  it cannot run again: its message was not kept" in shown.stdout
    assert "1 of 1 dead letters were not requeued" in shown.stderr


@pytest.mark.parametrize("meant", [[], ["--all", "--kind", "maintenance.canary"], ["01JD", "--all"]])
def test_which_letters_are_meant_is_said_in_one_way(run: Run, meant: list[str]) -> None:
    shown = run("dead", "discard", *meant, "--yes")

    assert shown.exit_code == 2
    assert "or --all" in shown.stderr


def bury(
    broker: TestBroker,
    producer: Producer,
    *,
    error: str = "waiting does not help",
    arguments: tuple[list[object], dict[str, object]] | None = None,
) -> str:
    job = Canary(note=SOMEBODY)
    producer.enqueue(job)
    args, kwargs = arguments or ([encode(job)], {})
    request = {"id": job.job_id, "task": job.kind, "args": args, "kwargs": kwargs}
    deliveries = Deliveries(broker.client)
    delivery = Delivery(job.job_id, job.kind, "maintenance", "maintenance@here", request)
    deliveries.begin(delivery)
    deliveries.bury(delivery, reason=Reason.PERMANENT, error=error)
    return job.job_id
