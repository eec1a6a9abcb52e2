"""A server whose port the test chooses, so that it can come late, be killed, and come back as the same one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.support.broker import TestBroker
from tests.support.wait import wait_until
from workers.embedded_broker import find_server
from workers.processes import Processes, Program, free_port


@dataclass(frozen=True)
class ChosenServer:
    """One server's port and data; `start` may be called again once its process is gone."""

    processes: Processes
    folder: Path
    port: int
    broker: TestBroker

    def start(self) -> Program:
        """Start it, and return once it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "appendonly": "yes", "save": ""}
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        program = self.processes.start("server", [str(find_server()), *flags], env=os.environ)
        wait_until(self._answers, "the server to answer")
        return program

    def kill(self, program: Program) -> None:
        """`kill -9`, and wait until it is gone."""
        program.process.kill()
        program.process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.broker.client.ping())
        except RedisError:
            return False


@contextmanager
def chosen_server(folder: Path) -> Iterator[ChosenServer]:
    """A server that is not started yet."""
    port = free_port()
    urls = [f"redis://127.0.0.1:{port}/{database}" for database in range(3)]
    with Processes(folder / "log") as processes, Redis.from_url(urls[0]) as client:
        yield ChosenServer(processes, folder / "data", port, TestBroker(client, *urls))
