"""Several workers of one family, each takes jobs for itself: `python -m workers.processes_of email -c 2`.

Celery's own pool of processes feeds its children through pipes, which costs more than most jobs; these have none. Each
is a worker with the pool `solo`. This program starts them, starts another for one that died, and ends when it is told
to, after they have. When one dies, its jobs go back at once: nobody waits for its leases to run out.
"""

import argparse
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import FrameType

from redis.exceptions import RedisError

from buffrsign.broker import keys
from buffrsign.broker.consuming import HOLDER_ID
from buffrsign.broker.leases import MOST_AT_ONCE
from buffrsign.core.logs import get_logger
from buffrsign.jobs import Queue
from buffrsign.producer import connect
from config import logging as our_logging
from config.settings import SettingsRefused, load

SHORT_LIFE_S = 5.0
"""A worker that gives up younger than this is not replaced at once; and not at all, if the last few did."""

TASK_DID_NOT_END = 70
"""The exit code of a worker that ended itself, because a task would not: that says nothing against another."""

SHORT_LIVES = 3
PAUSE_S = 1.0
LOOK_S = 0.1
_PR_SET_PDEATHSIG = 1

log = get_logger(__name__)


@dataclass
class Worker:
    """One of them. `holder` is the id under which it has its leases."""

    number: int
    process: "subprocess.Popen[bytes]"
    holder: str
    started: float
    short_lives: int = 0


class Family:
    """The workers of one queue."""

    def __init__(self, command: list[str], *, name: str, broker_url: str) -> None:
        self._command, self._name, self._broker_url = command, name, broker_url
        self._workers: list[Worker] = []
        self._stopping = False

    def run(self, count: int) -> int:
        """Keep so many workers until told to stop. The exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._workers = [self._start(number) for number in range(count)]
        while self._workers:
            for worker in list(self._workers):
                if worker.process.poll() is not None:
                    self._workers.remove(worker)
                    if not self._stopping and not self._replace(worker):
                        self._end()
                        return worker.process.returncode or 1
            time.sleep(LOOK_S)
        return 0

    def _start(self, number: int, *, short_lives: int = 0) -> Worker:
        holder = secrets.token_hex(8)
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*self._command, "-n", f"{self._name}-{number + 1}@%h"],
            env={**os.environ, HOLDER_ID: holder},
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - this program has one thread
        )
        return Worker(number, process, holder, time.monotonic(), short_lives)

    def _replace(self, dead: Worker) -> bool:
        """Start another in its place; False if that seems to be of no use."""
        log.error("worker died", worker=dead.number + 1, code=dead.process.returncode)
        self._give_up_leases(dead)
        gave_up = dead.process.returncode > 0 and dead.process.returncode != TASK_DID_NOT_END
        is_short = gave_up and time.monotonic() - dead.started < SHORT_LIFE_S
        short_lives = dead.short_lives + 1 if is_short else 0
        if short_lives >= SHORT_LIVES:
            return False
        if is_short:
            time.sleep(PAUSE_S)
        if not self._stopping:
            self._workers.append(self._start(dead.number, short_lives=short_lives))
        return True

    def _give_up_leases(self, dead: Worker) -> None:
        """Its time is over now. Whoever reserves next takes back what it had."""
        try:
            with connect(self._broker_url) as client:
                client.zadd(keys.HOLDERS, {dead.holder: 0}, xx=True)
        except RedisError as error:
            log.warning("broker did not answer, leases will run out", error_type=type(error).__name__)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._end(number)

    def _end(self, number: int = signal.SIGTERM) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(number)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, and run. What follows `--` goes to each worker, as Celery's options."""
    parser = argparse.ArgumentParser(prog="python -m workers.processes_of", description=__doc__)
    parser.add_argument("queue", choices=[queue.value for queue in Queue])
    parser.add_argument("-c", "--count", type=int, default=2, help="how many processes")
    parser.add_argument("-A", "--app", default="workers.app", help="the Celery application")
    given, rest = parser.parse_known_args(arguments)
    if given.count < 1:
        parser.error("at least one process is needed")
    try:
        settings = load(os.environ)
    except SettingsRefused as refused:
        sys.exit(str(refused))
    our_logging.configure(log_format=settings.log_format, level=settings.log_level)
    celery = [sys.executable, "-m", "workers.worker", given.app, "-Q", given.queue, "--pool", "solo"]
    quiet = ["--without-mingle", "--without-gossip", "--prefetch-multiplier", str(MOST_AT_ONCE)]
    command = [*celery, *quiet, *(part for part in rest if part != "--")]
    return Family(command, name=given.queue, broker_url=settings.broker_url).run(given.count)


def _end_with_parent() -> None:
    """In the child, on Linux: told to stop when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
