"""The workers of the corpus: a few processes, of which one that dies or hangs is noticed, counted and replaced."""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from evaluation.corpus.found import STARTED, FileFound, lost
from evaluation.corpus.worker import serve

HANGS_AFTER_S = 180.0
"""Far above all steps of a file, each read twice for as long as the clock allows."""

_STARTS_IN_S = 60.0
_POLL_S = 1.0
_spawn = multiprocessing.get_context("spawn")

Serve = Callable[[Connection, str], None]


@dataclass(eq=False)
class _Hand:
    """One worker, and what it has in hand since then; until it has started, that lies ahead."""

    process: SpawnProcess
    connection: Connection
    path: str = ""
    since: float = field(default_factory=lambda: time.monotonic() + _STARTS_IN_S)


class Crew:
    """Reads files of a folder. `dead`: how many workers died so far, with their zygotes or by themselves."""

    def __init__(
        self, folder: str, *, workers: int, serve: Serve = serve, hangs_after_s: float = HANGS_AFTER_S
    ) -> None:
        self.dead = 0
        self._folder = folder
        self._workers = workers
        self._serve = serve
        self._hangs_after_s = hangs_after_s

    def read(self, paths: Iterable[str]) -> Iterator[FileFound]:
        """What became of each file, in the order in which they are done."""
        waiting = iter(paths)
        busy = [hand for _ in range(self._workers) if self._give(hand := self._hire(), waiting)]
        while busy:
            ready = set(wait([hand.connection for hand in busy], timeout=_POLL_S))
            for hand in [each for each in busy if each.connection in ready or self._hangs(each)]:
                found = self._answer(hand) if hand.connection in ready else None
                if found == STARTED:
                    hand.since = time.monotonic()
                    continue
                busy.remove(hand)
                yield found or lost(hand.path, ms=1000 * max(time.monotonic() - hand.since, 0))
                following = hand if found else self._replace(hand)
                if self._give(following, waiting):
                    busy.append(following)

    def _answer(self, hand: _Hand) -> Any:
        """A file's, or `STARTED`. None: it died."""
        try:
            return hand.connection.recv()
        except (EOFError, ConnectionResetError):
            return None

    def _hangs(self, hand: _Hand) -> bool:
        return time.monotonic() - hand.since > self._hangs_after_s

    def _give(self, hand: _Hand, waiting: Iterator[str]) -> bool:
        """The next file; False if there is none, and then it goes home."""
        path = next(waiting, None)
        if path is None:
            hand.connection.close()
            hand.process.join()
            return False
        hand.path, hand.since = path, max(time.monotonic(), hand.since)
        hand.connection.send(path)
        return True

    def _hire(self) -> _Hand:
        ours, theirs = _spawn.Pipe()
        process = _spawn.Process(target=self._serve, args=(theirs, self._folder), daemon=True)
        process.start()
        theirs.close()
        return _Hand(process, ours)

    def _replace(self, hand: _Hand) -> _Hand:
        self.dead += 1
        hand.process.kill()
        hand.process.join()
        hand.connection.close()
        return self._hire()
