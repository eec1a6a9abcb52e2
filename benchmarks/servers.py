"""The Redis-protocol servers of this machine, each started for one measurement, with the persistence it asks for."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from workers.embedded_broker import find_server
from workers.processes import Processes, free_port

START_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Server:
    """A program, and what it is called in a table."""

    name: str
    program: Path


def installed_servers() -> list[Server]:
    """The one that the project would start, and Debian's redis-server if there is one."""
    found = [find_server(), *(Path(path) for path in [shutil.which("redis-server")] if path)]
    return [Server(named(_version(program)), program) for program in dict.fromkeys(found)]


def named(version: str) -> str:
    """`Valkey server v=9.1.2 sha=…` in two words."""
    found = re.search(r"(\w+) server v=([\d.]+)", version)
    return f"{found[1].lower()} {found[2]}" if found else "unknown"


@contextmanager
def running(server: Server, appendfsync: str, *, folder: Path) -> Iterator[tuple["Redis", int]]:
    """A client of it and its process id, as long as this lasts; its files are in the folder."""
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "save": ""}
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [str(server.program), *flags, "--appendfsync", appendfsync]
    with Processes(folder / "log") as processes, Redis(port=port) as client:
        program = processes.start("server", command, env=os.environ)
        _wait_for(client, processes)
        yield client, program.process.pid


def _wait_for(client: "Redis", processes: Processes) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(client):
        processes.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server did not answer within {START_TIMEOUT_S:.0f} s")
        time.sleep(0.01)


def _answers(client: "Redis") -> bool:
    try:
        answer: Any = client.ping()
    except RedisError:
        return False
    return bool(answer)


def _version(program: Path) -> str:
    command = [str(program), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
