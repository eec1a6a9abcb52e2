"""What a worker does when it starts, and what stops it from starting."""

import subprocess
import sys
from pathlib import Path

import pytest

from buffrsign import Producer
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.audit import RecordEvent
from tests.support.broker import TestBroker, databases, private_server
from tests.support.programs import ROOT, worker

FAMILIES = sorted(queue.value for queue in Queue)
HEAVY = {
    "email": {"jinja2"},
    "documents": {"pypdf", "pypdfium2", "PIL"},
}
CHECK = """
import os
from config import logging
from config.settings import load
from workers.health import stop_if_unfit
logging.configure(log_format="console", level="INFO")
stop_if_unfit(load({name: value for name, value in os.environ.items() if name.startswith("BUFFRSIGN_")}))
print("goes on")
"""


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=40)


def start_worker(environment: dict[str, str], *, queue: str = "maintenance") -> subprocess.CompletedProcess[str]:
    """A worker that is expected to end by itself."""
    return run(worker(queue), environment)


@pytest.fixture
def environment(broker: TestBroker, tmp_path: Path) -> dict[str, str]:
    return broker.environment(tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_worker_imports_its_own_family_and_the_canary_and_no_other(environment: dict[str, str], family: str) -> None:
    script = (
        "import sys; from workers.lifecycle import import_families; "
        f"import_families([{family!r}]); print(*(name for name in sys.modules))"
    )

    imported = set(run([sys.executable, "-c", script], environment).stdout.split())

    assert {".".join(name.split(".")[:2]) for name in imported if name.startswith("tasks.")} == {
        f"tasks.{family}",
        "tasks.base",
        "tasks.limits",
        "tasks.running",
        "tasks.canary",
    }
    for owner, libraries in HEAVY.items():
        if owner != family:
            assert not libraries & imported


def test_a_queue_that_does_not_exist_stops_the_worker_with_the_list_of_those_that_do(
    environment: dict[str, str],
) -> None:
    ended = start_worker(environment, queue="emial")

    assert ended.returncode != 0
    assert "'emial' is not a valid Queue; known queues are: email, requests, documents" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_settings_that_do_not_fit_stop_the_worker_with_all_problems_at_once(environment: dict[str, str]) -> None:
    environment.pop("BUFFRSIGN_BROKER_URL")

    ended = start_worker({**environment, "BUFFRSIGN_LOG_LEVL": "INFO", "BUFFRSIGN_SMTP_PORT": "many"})

    assert ended.returncode != 0
    for problem in (
        "BUFFRSIGN_BROKER_URL is missing",
        "BUFFRSIGN_LOG_LEVL is not a setting; did you mean BUFFRSIGN_LOG_LEVEL?",
        "BUFFRSIGN_SMTP_PORT must be a port",
    ):
        assert problem in ended.stderr
    assert "Traceback" not in ended.stderr


def test_settings_that_do_not_fit_stop_the_scheduler_in_the_same_way(environment: dict[str, str]) -> None:
    environment.pop("BUFFRSIGN_BROKER_URL")

    ended = run([sys.executable, "-m", "workers.scheduler"], environment)

    assert ended.returncode != 0
    assert "BUFFRSIGN_BROKER_URL is missing" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("program", ["worker", "scheduler"])
def test_a_server_that_evicts_keys_stops_whoever_would_trust_it(tmp_path: Path, program: str) -> None:
    with private_server(tmp_path) as server, databases(server, first=0) as broker:
        broker.client.config_set("maxmemory-policy", "allkeys-lru")

        ended = start(program, broker.environment(tmp_path))

    assert ended.returncode != 0
    assert "the broker evicts keys when memory is short (maxmemory-policy allkeys-lru)" in ended.stderr
    assert "set maxmemory-policy noeviction" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("program", ["worker", "scheduler"])
def test_a_server_that_keeps_nothing_on_disk_stops_whoever_would_trust_it(tmp_path: Path, program: str) -> None:
    with private_server(tmp_path) as server, databases(server, first=0) as broker:
        broker.client.config_set("appendonly", "no")

        ended = start(program, broker.environment(tmp_path))

    assert ended.returncode != 0
    assert "the broker keeps nothing on disk, so that its restart loses what it holds; set appendonly" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_server_that_keeps_nothing_is_taken_with_a_warning_by_those_who_say_so(tmp_path: Path) -> None:
    with private_server(tmp_path) as server, databases(server, first=0) as broker:
        broker.client.config_set("appendonly", "no")
        allowing = {**broker.environment(tmp_path), "BUFFRSIGN_ALLOW_VOLATILE_BROKER": "1"}

        ended = run([sys.executable, "-c", CHECK], allowing)

    assert (ended.returncode, ended.stdout) == (0, "goes on\n")
    assert "server may lose what it holds, as allowed" in ended.stderr


@pytest.mark.parametrize("program", ["worker", "scheduler"])
def test_a_wrong_password_stops_the_start_instead_of_waiting_for_ever(tmp_path: Path, program: str) -> None:
    with private_server(tmp_path) as server, databases(server, first=0) as broker:
        address = server.rpartition("@")[2]
        wrong = {**broker.environment(tmp_path), "BUFFRSIGN_STATE_URL": f"redis://:wrong@{address}/1"}

        ended = start(program, wrong)

    assert ended.returncode != 0
    assert "the state server does not let this account in; check the user name and the password" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("program", ["worker", "scheduler"])
def test_a_read_only_replica_stops_the_start_with_the_way_out(tmp_path: Path, program: str) -> None:
    with private_server(tmp_path) as server, databases(server, first=0) as broker:
        broker.client.replicaof("127.0.0.1", "1")

        ended = start(program, broker.environment(tmp_path))
        broker.client.replicaof("NO", "ONE")

    assert ended.returncode != 0
    assert "the broker is a read-only replica; use the address of its primary" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("program", ["worker", "scheduler"])
def test_a_broker_elsewhere_needs_the_key_secret_at_the_start(environment: dict[str, str], program: str) -> None:
    del environment["BUFFRSIGN_JOB_KEY_SECRET"]

    ended = start(program, {**environment, "BUFFRSIGN_BROKER_URL": "redis://broker.invalid:6379/0"})

    assert ended.returncode != 0
    assert "BUFFRSIGN_JOB_KEY_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("program", ["worker", "scheduler"])
def test_another_key_secret_than_the_broker_s_stops_the_start(
    broker: TestBroker, environment: dict[str, str], program: str
) -> None:
    others = Producer(broker.broker_url, key_secret="what the others are keyed with")
    others.enqueue(RecordEvent(action="document.viewed", occurred_at=utc_now()))
    others.close()

    ended = start(program, environment)

    assert ended.returncode != 0
    assert "give all producers the same BUFFRSIGN_JOB_KEY_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr


def start(program: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One of the programs that touch jobs, until it ends."""
    if program == "worker":
        return start_worker(environment)
    return run([sys.executable, "-m", "workers.scheduler"], environment)
