"""A primary, its replica, and two sentinels that agree on which is which: a fail-over to try on one machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from buffrsign.broker.connection import connect
from tests.support.broker import TestBroker
from tests.support.wait import wait_until
from workers.embedded_broker import find_server
from workers.processes import Processes, Program, free_port

NAME = "jobs"
PASSWORD = "hush"
_SENTINEL = """\
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {name} 127.0.0.1 {primary} 2
sentinel auth-pass {name} {password}
sentinel down-after-milliseconds {name} 500
sentinel failover-timeout {name} 3000
"""


@dataclass(frozen=True)
class Sentinels:
    """Two servers watched by two sentinels; `broker` reaches the primary by asking those."""

    processes: Processes
    programs: dict[int, Program]
    broker: TestBroker
    sentinel_ports: tuple[int, ...]

    def primary_port(self) -> int:
        """Where the primary is now, as the sentinels say."""
        with Redis(port=self.sentinel_ports[0], socket_timeout=2) as sentinel:
            address: Any = sentinel.sentinel_get_master_addr_by_name(NAME)
            return int(address[1])

    def kill_primary(self) -> int:
        """`kill -9` the primary once its replica has everything; its port."""
        port = self.primary_port()
        replicas: Any = self.broker.client.wait(1, 5000)
        assert replicas == 1, "the replica is not there"
        process = self.programs[port].process
        process.kill()
        process.wait()
        return port

    def wait_for_new_primary(self, old_port: int) -> None:
        """Return once the sentinels have made the other one the primary."""
        wait_until(lambda: self.primary_port() != old_port and self.answers(), "the fail-over", timeout_s=30)

    def answers(self) -> bool:
        """Whether a writable primary is found."""
        try:
            info: Any = self.broker.client.info("replication")
        except RedisError:
            return False
        return bool(info["role"] == "master")


@contextmanager
def running_sentinels(folder: Path, *, dead_first: bool) -> Iterator[Sentinels]:
    """Start them; the address names a third sentinel too, which is not there, and may name it first."""
    nobody, primary, replica, *sentinels = (free_port() for _ in range(5))
    known = ";".join(
        f"sentinel://:{PASSWORD}@127.0.0.1:{port}"
        for port in ((nobody, *sentinels) if dead_first else (*sentinels, nobody))
    )
    urls = [f"{known}/{database}?master_name={NAME}" for database in range(3)]
    with Processes(folder / "log") as processes, connect(urls[0]) as client:
        programs = {port: _start_server(processes, folder, port) for port in (primary, replica)}
        _make_replica(replica, of=primary)
        for port in sentinels:
            programs[port] = _start_sentinel(processes, folder, port, primary=primary)
        started = Sentinels(processes, programs, TestBroker(client, *urls, allow_plain_payloads=True), tuple(sentinels))
        wait_until(started.answers, "the primary")
        wait_until(lambda: all(_sees_everybody(port) for port in sentinels), "the sentinels to know each other")
        yield started


def _start_server(processes: Processes, folder: Path, port: int) -> Program:
    home = folder / str(port)
    home.mkdir()
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": home,
        "appendonly": "yes",
        "requirepass": PASSWORD,
        "masterauth": PASSWORD,
        "repl-diskless-sync-delay": 0,
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    program = processes.start(f"server-{port}", [str(find_server()), *flags], env=os.environ)
    wait_until(lambda: _pings(port), f"the server on {port}")
    return program


def _make_replica(port: int, *, of: int) -> None:
    with Redis(port=port, password=PASSWORD) as client:
        client.replicaof("127.0.0.1", str(of))
        wait_until(lambda: client.info("replication").get("master_link_status") == "up", "the replica to follow")


def _start_sentinel(processes: Processes, folder: Path, port: int, *, primary: int) -> Program:
    home = folder / str(port)
    home.mkdir()
    file = home / "sentinel.conf"
    file.write_text(_SENTINEL.format(port=port, folder=home, name=NAME, primary=primary, password=PASSWORD))
    return processes.start(f"sentinel-{port}", [str(find_server()), str(file), "--sentinel"], env=os.environ)


def _sees_everybody(port: int) -> bool:
    try:
        with Redis(port=port) as sentinel:
            seen: Any = sentinel.sentinel_masters()[NAME]
    except (RedisError, KeyError):
        return False
    return bool((seen["num-other-sentinels"], seen["num-slaves"]) == (1, 1) and not seen["is_sdown"])


def _pings(port: int) -> bool:
    try:
        with Redis(port=port, password=PASSWORD) as client:
            return bool(client.ping())
    except RedisError:
        return False
