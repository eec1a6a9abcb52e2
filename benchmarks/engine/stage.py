"""One measurement's stage: a fresh server, one engine's producer and workers, and what can be seen of them."""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engine import rabbit, server
from benchmarks.engine.engine import Broker, Engine
from benchmarks.engine.homes import VAR, Place
from benchmarks.engine.server import Server
from benchmarks.engine.sides.effect import COUNTS, LATENESS, SLOT_BYTES, SLOTS
from benchmarks.engine.sides.side import RESULTS, URL
from workers.processes import ROOT, ProcessDied, Processes, Program

SIDE_TIMEOUT_S = 900.0
REST_S = 0.7
RUNS = VAR / "runs"
LOADS = RUNS / f"loads-{os.getpid()}"
_UNSET = ("REDIS_", "BUFFRSIGN_", "CELERY_")


class Void(Exception):
    """A measurement that does not count; the message says why."""


@dataclass(frozen=True)
class Stage:
    """What runs. `server` is None on RabbitMQ."""

    engine: Engine
    place: Place
    folder: Path
    processes: Processes
    server: Server | None
    url: str
    results: bool

    @property
    def redis(self) -> Server:
        """The server, where it is Redis."""
        if self.server is None:
            raise Void("this measure needs Redis")
        return self.server

    def ask(self, command: str, *numbers: float) -> dict[str, float]:
        """One command of the engine's producer, and its answer.

        Raises:
            Void: it failed.
        """
        with subprocess.Popen(  # noqa: S603 - our own command
            [*self.place.command(self.engine.side), command, *(f"{number:g}" for number in numbers)],
            cwd=ROOT,
            env=self.environment(self.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                out, errors = process.communicate(timeout=SIDE_TIMEOUT_S)
            finally:
                process.kill()
        if process.returncode:
            raise Void(f"`{command}` failed: {' '.join(errors.strip().splitlines()[-1:])}")
        answer: dict[str, float] = json.loads(out.splitlines()[-1])
        return answer

    def start_workers(self, url: str | None = None) -> list[Program]:
        """Start them, at another address of the same server if there is one."""
        env = self.environment(url or self.url)
        commands = [self.place.command(command) for command in self.engine.workers]
        return [self.processes.start(f"worker-{number}", command, env=env) for number, command in enumerate(commands)]

    def start_scheduler(self) -> None:
        """Start it, if this engine has one."""
        if self.engine.scheduler:
            command = self.place.command(self.engine.scheduler)
            self.processes.start("scheduler", command, env=self.environment(self.url))

    def executed(self) -> int:
        """How many jobs ran."""
        data = (self.folder / "counts").read_bytes()
        return sum(struct.unpack(f"<{SLOTS}Q", data))

    def lateness_ms(self) -> list[float]:
        """How late each stamped job began, in the order in which they began."""
        path = self.folder / "lateness"
        data = path.read_bytes() if path.exists() else b""
        return [late / 1e6 for (late,) in struct.iter_unpack("<q", data)]

    def remaining(self) -> int:
        """How many jobs are not acknowledged."""
        return self.engine.remaining(self.server.client) if self.server else rabbit.waiting(self.url)

    def wait(self, condition: Callable[[], bool], what: str, *, timeout_s: float) -> None:
        """Until it is true.

        Raises:
            Void: it did not become true, or a program ended.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise Void(f"waited {timeout_s:.0f} s for {what}")
            time.sleep(0.01)

    def check(self) -> None:
        """Make sure that everything still runs.

        Raises:
            Void: with the last words of the program that ended; its log is deleted with the stage.
        """
        try:
            self.processes.check()
        except ProcessDied as died:
            logs = [path.read_text(errors="replace").strip() for path in sorted((self.folder / "log").glob("worker-*"))]
            last = " | ".join(log.splitlines()[-1] for log in logs if log)
            raise Void(f"{str(died).partition(';')[0]}: {last[-300:]}") from died

    def warm_up(self) -> None:
        """Let the workers run some jobs, and come to rest."""
        for _ in range(2):
            self._run(20)
            time.sleep(REST_S)

    def _run(self, count: int) -> None:
        target = self.executed() + count
        self.ask("load", count)
        self.wait(lambda: self.executed() >= target, "the first jobs", timeout_s=60)

    def environment(self, url: str) -> dict[str, str]:
        """What its programs see."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(_UNSET)}
        if self.engine.is_ours:
            names = ("BROKER_URL", "STATE_URL", "CACHE_URL")
            env |= {f"BUFFRSIGN_{name}": url for name in names}
            env["BUFFRSIGN_DATABASE_URL"] = f"sqlite:///{self.folder}/buffrsign.db"
            env["BUFFRSIGN_BLOB_FOLDER"] = f"{self.folder}/blobs"
            env["BUFFRSIGN_ALLOW_VOLATILE_BROKER"] = "1"  # for the run without the file
        return {
            **env,
            **self.place.environment,
            **self.engine.environment,
            URL: url,
            RESULTS: "1" if self.results else "0",
            COUNTS: str(self.folder / "counts"),
            LATENESS: str(self.folder / "lateness"),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }


@contextmanager
def stage(
    engine: Engine, place: Place, *, appendfsync: str = "everysec", load: int = 0, results: bool = False
) -> Iterator[Stage]:
    """A stage with so many jobs loaded and no worker yet. Everything ends with it."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{os.getpid()}-", dir=_folder()) as name:
        folder = Path(name)
        (folder / "counts").write_bytes(bytes(SLOTS * SLOT_BYTES))
        with Processes(folder / "log") as processes:
            if engine.broker is Broker.RABBITMQ:
                with rabbit.running(processes, folder / "data") as url:
                    found = Stage(engine, place, folder, processes, None, url, results)
                    if load:
                        found.ask("load", load)
                    yield found
                return
            if load:
                shutil.copytree(_loaded(engine, place, load, results=results), folder / "data")
            running = server.start(processes, folder / "data", appendfsync=appendfsync)
            try:
                yield Stage(engine, place, folder, processes, running, running.url, results)
            finally:
                running.client.close()


def forget_loads() -> None:
    """Delete what this program loaded for later runs, and what programs left that were killed."""
    shutil.rmtree(LOADS, ignore_errors=True)
    for folder in RUNS.glob("*-*"):
        owner = folder.name.split("-")[1]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _loaded(engine: Engine, place: Place, count: int, *, results: bool) -> Path:
    """A server's files with so many jobs, made once: loading takes longer than draining."""
    folder = LOADS / f"{engine.family}-{count}{'-results' if results else ''}"
    if folder.exists():
        return folder
    making = folder.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    with Processes(making / "log") as processes:
        running = server.start(processes, making / "data", appendfsync="everysec")
        running.client.config_set("auto-aof-rewrite-percentage", 0)  # once is enough, at the end
        filling = Stage(engine, place, making, processes, running, running.url, results)
        filling.ask("load", count)
        if (found := filling.remaining()) != count:
            raise Void(f"{found} jobs of {count} were loaded")
        _rewrite(running.client)
        running.client.close()
    (making / "data").rename(folder)
    shutil.rmtree(making)
    return folder


def _rewrite(client: Any) -> None:
    """Make the file short, so that it is read quickly."""
    client.bgrewriteaof()
    while client.info("persistence")["aof_rewrite_in_progress"] or client.info("persistence")["aof_rewrite_scheduled"]:
        time.sleep(0.02)


def _folder() -> Path:
    RUNS.mkdir(parents=True, exist_ok=True)
    return RUNS
