"""The command line and private payloads: who has the keys reads and writes them, and nobody else."""

import json
from pathlib import Path

import pytest

from buffrsign import Producer
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.cli import Run, command_line
from tests.support.private import NEW, OLD, PrivateBroker, cipher_of, spelt

SOMEBODY = "anna@example.com"


@pytest.fixture
def run_with_key(broker: TestBroker, tmp_path: Path) -> Run:
    return command_line(PrivateBroker.at(broker, NEW).environment(tmp_path))


@pytest.fixture
def job_id(broker: TestBroker) -> str:
    """A dead letter whose payload is private, and tells of somebody."""
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=cipher_of(NEW))
    job = Canary(note=SOMEBODY)
    producer.enqueue(job)
    producer.close()
    message = broker.client.rpop("maintenance")
    Deliveries(broker.client).bury(
        Delivery(job.job_id, job.kind, "maintenance", "here", {}), reason=Reason.PERMANENT, error="no", message=message
    )
    return job.job_id


def test_a_private_payload_is_shown_to_who_has_its_key(run_with_key: Run, job_id: str) -> None:
    shown = json.loads(run_with_key("dead", "show", job_id, "--payload", "--json").stdout)

    assert shown["payload"]["note"] == SOMEBODY


@pytest.mark.parametrize(
    ("keys", "why"), [((), "there are no keys here"), (("--payload-keys", spelt(OLD)), "encrypted with the key new")]
)
def test_without_its_key_a_private_payload_is_refused_with_the_reason(
    run: Run, job_id: str, keys: tuple[str, ...], why: str
) -> None:
    shown = run("dead", "show", job_id, "--payload", *keys)

    assert shown.exit_code == 1
    assert why in " ".join(shown.stderr.split())
    assert SOMEBODY not in shown.output


def test_the_letter_itself_is_shown_and_requeued_without_a_key(run: Run, job_id: str) -> None:
    assert "permanent_error" in run("dead", "show", job_id).stdout

    assert run("dead", "requeue", job_id, "--yes").exit_code == 0


def test_a_job_that_is_enqueued_here_is_encrypted(run_with_key: Run, broker: TestBroker) -> None:
    run_with_key("jobs", "enqueue", "maintenance.canary", "-", stdin=json.dumps({"note": SOMEBODY}))

    [message] = broker.client.lrange("maintenance", 0, -1)
    assert json.loads(message)["headers"]["payload_key"] == "new"


def test_keys_that_are_none_are_refused_and_not_repeated(run: Run, job_id: str) -> None:
    refused = run("dead", "show", job_id, "--payload", "--payload-keys", "new:c2hvcnQ=")

    assert refused.exit_code == 2
    assert "must have 32" in " ".join(refused.stderr.split())
    assert "c2hvcnQ" not in refused.output


def test_an_enqueue_elsewhere_needs_keys(run: Run) -> None:
    elsewhere = ("--broker-url", "redis://broker.invalid:6379/0", "--key-secret", KEY_SECRET)

    refused = run("jobs", "enqueue", "maintenance.canary", "{}", *elsewhere)

    assert refused.exit_code == 1
    assert "BUFFRSIGN_PAYLOAD_KEYS" in refused.stderr
