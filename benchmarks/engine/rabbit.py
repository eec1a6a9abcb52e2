"""A private RabbitMQ node for one measurement, where this machine has the server."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import OperationalError

from benchmarks.engine.homes import Absent
from workers.processes import Processes, free_port

START_TIMEOUT_S = 90.0
QUEUE = "celery"


def require_program() -> Path:
    """What starts a node: not Debian's wrapper, which would change to a user of its own.

    Raises:
        Absent: it is not installed.
    """
    found = shutil.which("rabbitmq-server")
    if found is None:
        raise Absent("rabbitmq-server is not on the PATH")
    return Path(found).resolve().parent / "rabbitmq-server"


@contextmanager
def running(processes: Processes, folder: Path) -> Iterator[str]:
    """Its address, as long as this lasts."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "enabled_plugins").write_text("[].\n")
    port, epmd_port = free_port(), free_port()
    env = {
        **os.environ,
        "RABBITMQ_NODENAME": f"bench{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "ERL_EPMD_PORT": str(epmd_port),
        "HOME": str(folder),
    }
    processes.start("server", [str(require_program())], env=env)
    url = f"amqp://guest:guest@127.0.0.1:{port}//"
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(url):
        processes.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"RabbitMQ did not answer within {START_TIMEOUT_S:.0f} s")
        time.sleep(0.2)
    try:
        yield url
    finally:
        if (epmd := shutil.which("epmd")) is not None:
            processes.stop()
            subprocess.run([epmd, "-kill"], env=env, capture_output=True, check=False)  # noqa: S603


def waiting(url: str) -> int:
    """How many messages are ready; it does not say here how many are taken."""
    with Connection(url, connect_timeout=5) as connection:
        channel: Any = connection.channel()
        return int(channel.queue_declare(QUEUE, passive=True).message_count)


def _answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except (OSError, OperationalError, AMQPError):
        return False
    return True
