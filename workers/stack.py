"""The whole system on one machine: a private broker where none is given, a local mail catcher, and every program of
the Procfile. `make up` keeps it running; the demo runs its story on it.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from buffrsign import Producer
from buffrsign.core.errors import BuffrSignError
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from config.services import Services
from config.settings import load
from workers.embedded_broker import EmbeddedBroker
from workers.processes import Processes, free_port, read_procfile

READY_TIMEOUT_S = 60.0
POLL_S = 0.05

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A running system: the environment of its programs, services on the same settings, and where to look."""

    env: Mapping[str, str]
    services: Services
    processes: Processes
    mail_folder: Path
    flower_url: str

    @property
    def producer(self) -> Producer:
        """Enqueues jobs here."""
        return self.services.producer


@contextmanager
def running_stack(folder: Path, *, env: Mapping[str, str], flower_port: int | None = None, say: Say) -> Iterator[Stack]:
    """Start everything with its data in `folder`, wait until each queue answers, and stop it all at the end.

    A broker address in `env` is used as it is; without one a private broker is started. `say` is told each step.

    Raises:
        BuffrSignError: a program ended, or a queue did not answer in time; the message names its log.
        SettingsRefused: the environment does not fit.
    """
    port = flower_port or free_port()
    mail_folder = folder / "emails"
    with Processes(folder / "log") as processes:
        complete = {**_with_data_in(folder, env), "FLOWER_PORT": str(port)}
        if "BUFFRSIGN_BROKER_URL" not in env and "REDIS_URL" not in env and "REDIS_HOST" not in env:
            say("starting a private broker")
            server = EmbeddedBroker(processes, folder=folder / "broker", env=dict(env))
            server.start()
            complete |= server.addresses()
        if "BUFFRSIGN_SMTP_HOST" not in env:
            say("starting a mail catcher")
            complete["BUFFRSIGN_SMTP_PORT"] = str(start_mail_catcher(processes, mail_folder, complete))
        services = Services(load(complete))
        services.database  # noqa: B018 - made and migrated now, before many programs do it at once
        say("starting workers, scheduler, beat and Flower")
        for name, command in read_procfile().items():
            processes.start(name, command, env=complete)
        stack = Stack(complete, services, processes, mail_folder, f"http://127.0.0.1:{port}")
        _wait_until_every_queue_answers(stack)
        _wait_for_flower(stack)
        yield stack


def wait_until(
    condition: Callable[[], bool], processes: Processes, *, what: str, timeout_s: float = READY_TIMEOUT_S
) -> None:
    """Wait while every program lives.

    Raises:
        BuffrSignError: the time is over; the message says what was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        processes.check()
        if time.monotonic() > deadline:
            raise BuffrSignError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(POLL_S)


def _with_data_in(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    here = folder.resolve()
    defaults = {"BUFFRSIGN_DATABASE_URL": f"sqlite:///{here}/buffrsign.db"}
    if not any(name.startswith("BUFFRSIGN_S3_") for name in env):
        defaults["BUFFRSIGN_BLOB_FOLDER"] = f"{here}/blobs"
    return {**defaults, **env}


def start_mail_catcher(processes: Processes, folder: Path, env: Mapping[str, str]) -> int:
    """Start a mail server that keeps letters as files in this folder, and return its port once it answers."""
    port_file = folder.with_suffix(".port")
    port_file.unlink(missing_ok=True)
    options = ["--folder", str(folder.resolve()), "--port-file", str(port_file.resolve())]
    processes.start("smtp_catcher", ["python", "-m", "workers.smtp_catcher", *options], env=env)
    wait_until(port_file.exists, processes, what="the mail catcher")
    return int(port_file.read_text())


def _wait_until_every_queue_answers(stack: Stack) -> None:
    waiting = {stack.producer.enqueue(Canary(ask=queue)).job_id: queue for queue in Queue}
    for job_id, queue in waiting.items():
        answered = partial(_has_ended, job_id, stack)
        wait_until(answered, stack.processes, what=f"an answer from queue {queue}")


def _has_ended(job_id: str, stack: Stack) -> bool:
    status = stack.producer.status(job_id)
    return status is not None and status.state.is_final


def _wait_for_flower(stack: Stack) -> None:
    wait_until(lambda: _answers(f"{stack.flower_url}/workers"), stack.processes, what="Flower")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
