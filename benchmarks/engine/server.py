"""The Redis server that a measurement runs on: Debian's redis-server where it is, else the one the project starts."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from benchmarks.engine.sides.taking import used_memory
from benchmarks.servers import named
from workers.embedded_broker import find_server
from workers.processes import Processes, free_port

START_TIMEOUT_S = 60.0


def program() -> Path:
    """The server's program."""
    installed = shutil.which("redis-server")
    return Path(installed) if installed else find_server()


def version() -> str:
    """Its name and version, in two words."""
    command = [str(program()), "--version"]
    return named(subprocess.run(command, capture_output=True, text=True, check=False).stdout)  # noqa: S603


@dataclass(frozen=True)
class Server:
    """A running server; `processes` ends it."""

    client: "Redis"
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def cpu_s(self) -> float:
        """The processor time it has used, in the kernel and outside."""
        facts: Any = self.client.info("cpu")
        return float(facts["used_cpu_user"]) + float(facts["used_cpu_sys"])

    def used_bytes(self) -> float:
        """What its data takes."""
        return used_memory(self.client)


def start(processes: Processes, folder: Path, *, appendfsync: str) -> Server:
    """Start it on the files in this folder. `appendfsync`: everysec, always, or off for no file at all."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder.resolve(), "appendonly": "yes", "save": ""}
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    processes.start("server", [str(program()), *flags], env=os.environ)
    server = Server(Redis(port=port), port)
    _wait_for(server.client, processes)
    if appendfsync == "off":
        server.client.config_set("appendonly", "no")
    else:
        server.client.config_set("appendfsync", appendfsync)
    return server


def _wait_for(client: "Redis", processes: Processes) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not answers(client):
        processes.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server did not answer within {START_TIMEOUT_S:.0f} s")
        time.sleep(0.01)


def answers(client: "Redis") -> bool:
    """Whether somebody answers there."""
    try:
        answer: Any = client.ping()
    except RedisError:
        return False
    return bool(answer)
