"""What happened, told by whoever saw it: one append-only file per process, one JSON line per fact, nothing unique.

Redis has no part in it, so that it cannot hide what Redis lost. A line is one write to a file opened with O_APPEND: a
process that is killed has either written it or not. Times are CLOCK_MONOTONIC, which all processes of a machine share.
"""

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec


class Entry(msgspec.Struct, frozen=True, tag_field="what", kw_only=True):
    """One fact. `at` is when it was known, in seconds."""

    at: float


class JobEntry(Entry, frozen=True, kw_only=True):
    """A fact about one job. `subject` is what its effect is about: its key, or else its id."""

    job: str
    subject: str


class Accepted(JobEntry, frozen=True, kw_only=True, tag="accepted"):
    """The producer was told that the broker has the job."""

    shape: str
    doomed: bool = False


class Doubtful(JobEntry, frozen=True, kw_only=True, tag="doubtful"):
    """The producer was never told whether the broker has the job."""


class Cancelled(JobEntry, frozen=True, kw_only=True, tag="cancelled"):
    """The producer was told that the job was taken back; `sure` is false where the answer was lost."""

    sure: bool = True


class RunEntry(JobEntry, frozen=True, kw_only=True):
    """A fact about one run of a job."""

    run: str


class Started(RunEntry, frozen=True, kw_only=True, tag="started"):
    """A run of the effect began, in a process of the worker `main`, under the lease `lease`.

    `begun` is when the broker had said that the job is this run's; between that and `at` a process may stand still.
    """

    begun: float
    lease: str
    process: int
    main: int
    wall: float


class Performed(RunEntry, frozen=True, kw_only=True, tag="performed"):
    """The effect is there."""


class Failed(RunEntry, frozen=True, kw_only=True, tag="failed"):
    """The run reported that the job must be tried again or is dead; the system has to say the same."""


class Settled(RunEntry, frozen=True, kw_only=True, tag="settled"):
    """The broker has answered that the job's end is recorded."""


class Fault(Entry, frozen=True, kw_only=True, tag="fault"):
    """What was broken, and from when (`since`) to when (`at`). No processes: it concerned all of them."""

    kind: str
    since: float
    processes: tuple[int, ...] = ()
    note: str = ""
    wall: float = 0.0


AnyEntry = Accepted | Doubtful | Cancelled | Started | Performed | Failed | Settled | Fault

_decoder: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


class Ledger:
    """One process's file in the folder. A forked child that writes gets a file of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = -1
        self._owner = 0

    def write(self, entry: AnyEntry) -> None:
        """Append one line, with one write."""
        if self._owner != os.getpid():
            path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._owner = os.getpid()
        os.write(self._file, msgspec.json.encode(entry) + b"\n")


def now() -> float:
    """The ledger's clock."""
    return time.monotonic()


def read(folder: Path, *, shard: int = 0, shards: int = 1) -> Iterator[AnyEntry]:
    """Every fact of the subjects in this shard, in no order; faults are in all shards.

    Shards bound the memory that a verdict on millions of jobs needs: all facts about one subject are in the same one.
    """
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as lines:
            for line in lines:
                entry = _decoder.decode(line)
                if isinstance(entry, Fault) or crc32(entry.subject.encode()) % shards == shard:
                    yield entry
