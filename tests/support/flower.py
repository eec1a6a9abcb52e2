"""Flower as its own process on a test's broker, and its HTTP interface by hand."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.broker import TestBroker
from tests.support.programs import START_S
from tests.support.wait import wait_until
from workers.processes import Processes, free_port

Answer = dict[str, Any]


@dataclass(frozen=True)
class Flower:
    """A running Flower."""

    url: str

    def get(self, path: str) -> Answer:
        """The answer of one of the API's addresses."""
        return self._call(urllib.request.Request(f"{self.url}/api/{path}"))  # noqa: S310 - loopback

    def post(self, path: str, **fields: str) -> Answer:
        """Ask the API to do something."""
        data = urllib.parse.urlencode(fields).encode()
        return self._call(urllib.request.Request(f"{self.url}/api/{path}", data=data))  # noqa: S310 - loopback

    def post_json(self, path: str, body: Answer) -> Answer:
        """As `post`, for the addresses that take JSON."""
        data = json.dumps(body).encode()
        return self._call(urllib.request.Request(f"{self.url}/api/{path}", data=data))  # noqa: S310 - loopback

    def page(self, path: str) -> str:
        """A page, as people see it."""
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=10) as response:  # noqa: S310 - loopback
            text: str = response.read().decode()
            return text

    def state(self, job_id: str) -> str:
        """The state that Flower shows of a job, or nothing while it knows none."""
        return str(self.get("tasks").get(job_id, {}).get("state", ""))

    def queue_lengths(self) -> dict[str, int]:
        """What the page of queues shows."""
        return {queue["name"]: queue["messages"] for queue in self.get("queues/length")["active_queues"]}

    def worker_names(self) -> list[str]:
        """The workers that Flower knows all about."""
        workers = self.get("workers?refresh=true")
        return [name for name, about in workers.items() if "registered" in about and "active_queues" in about]

    def _call(self, request: urllib.request.Request) -> Answer:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - loopback
            answer: Answer = json.load(response)
            return answer


@contextmanager
def running_flower(broker: TestBroker, folder: Path, *, app: str = "tests.support.app") -> Iterator[Flower]:
    """Start it, and wait until it knows a worker."""
    port = free_port()
    environment = {**broker.environment(folder), "FLOWER_UNAUTHENTICATED_API": "true"}
    command = ["celery", "-A", app, "flower", "--address=127.0.0.1", f"--port={port}"]
    with Processes(folder / "flower-log") as processes:
        processes.start("flower", command, env=environment)
        flower = Flower(f"http://127.0.0.1:{port}")
        wait_until(lambda: _sees_a_worker(flower), "Flower to see a worker", timeout_s=START_S)
        yield flower


def _sees_a_worker(flower: Flower) -> bool:
    try:
        return bool(flower.worker_names())
    except OSError:
        return False
