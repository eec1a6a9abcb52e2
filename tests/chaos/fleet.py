"""The processes of a chaos run: a broker of its own, workers of three kinds, two schedulers, two producers.

Whatever ends without having been asked to is started again, as a supervisor would, and counted.
"""

import base64
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from config.settings import Settings
from tests.chaos.ledger import now
from tests.support.wait import wait_until
from workers.embedded_broker import find_server
from workers.processes import ROOT, ProcessDied, Processes, Program, free_port

KEY_SECRET = "a key secret of the chaos run"
STOP_S = 20.0
_URLS = ("BUFFRSIGN_BROKER_URL", "BUFFRSIGN_STATE_URL", "BUFFRSIGN_CACHE_URL")
_QUEUES = "maintenance,audit"
_WORKERS = {
    "prefork-1": ["--pool", "prefork", "--concurrency", "2"],
    "prefork-2": ["--pool", "prefork", "--concurrency", "2"],
    "threads": ["--pool", "threads", "--concurrency", "4"],
    "solo-1": ["--pool", "solo", "--prefetch-multiplier", "64"],
    "solo-2": ["--pool", "solo", "--prefetch-multiplier", "64"],
}


def worker_commands(app: str = "tests.chaos.app") -> dict[str, list[str]]:
    """The command of each worker, by name."""
    quiet = ["--without-mingle", "--without-gossip", "-Q", _QUEUES]
    worker = [sys.executable, "-m", "workers.worker", app]
    return {name: [*worker, *pool, *quiet, "-n", f"{name}@%h"] for name, pool in _WORKERS.items()}


def plain_worker_commands() -> dict[str, list[str]]:
    """The same for plain Celery tasks."""
    commands = worker_commands("tests.chaos.plain")
    return {name: [*command, "--loglevel", "INFO"] for name, command in commands.items()}


class Server:
    """A broker that keeps an append-only file, on one port and in one folder however often it is started."""

    def __init__(self, processes: Processes, folder: Path, *, options: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.client = Redis(port=self.port, socket_timeout=10)
        self._processes = processes
        self._folder = folder
        self._options = options or {}
        self._starts = 0
        self._program: Program | None = None

    def start(self) -> None:
        """Start it, and return once it has read its file and answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._starts += 1
        flags = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder.resolve()),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "enable-debug-command": "local",
            **self._options,
        }
        arguments = [part for name, value in flags.items() for part in (f"--{name}", value)]
        name = f"server-{self.port}-{self._starts}"
        self._program = self._processes.start(name, [str(find_server()), *arguments], env=os.environ)
        wait_until(self._answers, "the server to answer", timeout_s=60)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it is gone."""
        assert self._program, "it was not started"
        self._program.process.send_signal(number)
        self._program.process.wait()

    def command(self, *words: str) -> Any:
        """Send it one command, not through the proxy."""
        return self.client.execute_command(*words)  # type: ignore[no-untyped-call]

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


@dataclass
class Member:
    """One program of the fleet, and the process that is it now."""

    name: str
    command: list[str]
    program: Program
    ending: bool = False
    started_at: float = field(default_factory=now)
    exits: list[int] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Its main process, which leads its group."""
        return self.program.process.pid

    @property
    def lives(self) -> bool:
        """Whether that process is there."""
        return self.program.process.poll() is None

    def is_ready(self) -> bool:
        """Whether the worker has said so in its log. Raises ProcessDied if it has ended instead."""
        if not self.lives:
            raise ProcessDied(f"{self.name} ended at once; its log is {self.program.log_path}")
        return "ready." in self.program.log_path.read_text(errors="replace")


class Fleet:
    """The programs that use the broker."""

    def __init__(self, processes: Processes, environment: Mapping[str, str]) -> None:
        self.members: dict[str, Member] = {}
        self._processes = processes
        self._environment = environment
        self._starts = 0

    def add(self, name: str, command: list[str]) -> None:
        """Start one more program."""
        self.members[name] = Member(name, command, self._start(name, command))

    def workers(self) -> list[Member]:
        """Those that run jobs, and live."""
        return [member for name, member in self.members.items() if name in _WORKERS and member.lives]

    def schedulers(self) -> list[Member]:
        """Those that move what is due, and live."""
        return [member for name, member in self.members.items() if name.startswith("scheduler") and member.lives]

    def start_again(self, member: Member) -> None:
        """Start it anew; its last process MUST be gone."""
        member.ending, member.started_at = False, now()
        member.program = self._start(member.name, member.command)

    def revive(self) -> list[tuple[str, int, int, float]]:
        """Start again whatever ended by itself: the name, the process, its exit code, and when it had started."""
        fallen = [member for member in self.members.values() if not member.lives and not member.ending]
        ended = []
        for member in fallen:
            if member.name.startswith("producer"):
                continue
            code = member.program.process.returncode
            member.exits.append(code)
            ended.append((member.name, member.pid, code, member.started_at))
            signal_group(member.pid, signal.SIGKILL)
            self.start_again(member)
        return ended

    def stop(self, prefix: str) -> None:
        """SIGTERM those whose names start like this, and wait; SIGKILL after `STOP_S`."""
        chosen = [member for name, member in self.members.items() if name.startswith(prefix)]
        for member in chosen:
            member.ending = True
            if member.lives:
                member.program.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for member in chosen:
            while member.lives and time.monotonic() < deadline:
                time.sleep(0.02)
            signal_group(member.pid, signal.SIGKILL)
            member.program.process.wait()

    def end(self) -> None:
        """SIGKILL all that is left, as of a run that was interrupted; paused processes too."""
        for member in self.members.values():
            member.ending = True
            signal_group(member.pid, signal.SIGKILL)
            member.program.process.wait()

    def _start(self, name: str, command: list[str]) -> Program:
        self._starts += 1
        return self._processes.start(f"{name}-{self._starts}", command, env=self._environment)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal every process of a group, if there is any left."""
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


def children_of(pid: int) -> list[int]:
    """The pool processes of a prefork worker."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def environment(folder: Path, *, urls: Sequence[str], lease_s: float, stock: bool) -> dict[str, str]:
    """What every program of the fleet is told: three databases, and a short lease."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BUFFRSIGN_", "REDIS_"))}
    known = {field.name for field in msgspec.structs.fields(Settings)}
    wanted = {"lease_s": f"{lease_s:g}", **({"broker_transport": "stock"} if stock else {})}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "CHAOS_LEDGER": str((folder / "ledger").resolve()),
        **({"CHAOS_VISIBILITY_S": f"{3 * lease_s:g}"} if stock else {}),
        **{f"BUFFRSIGN_{name.upper()}": value for name, value in wanted.items() if name in known},
        **dict(zip(_URLS, urls, strict=True)),
        "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET,
        "BUFFRSIGN_PAYLOAD_KEYS": f"chaos:{base64.b64encode(os.urandom(32)).decode()}",
        "BUFFRSIGN_DATABASE_URL": f"sqlite:///{folder.resolve()}/buffrsign.db",
        "BUFFRSIGN_BLOB_FOLDER": str((folder / "blobs").resolve()),
    }
