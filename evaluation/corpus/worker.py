"""A worker of the corpus: one process with one sandbox, which reads the files that it is given, one after another."""

import logging
import time
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from buffrsign.documents import MAX_BYTES, Inspected, Reason, Unreadable
from buffrsign.documents.sandbox import Limits, MadePdf, Office, Sandbox, SandboxBroken, Spent
from buffrsign.documents.sandbox.limits import MIB
from evaluation.corpus.found import BROKEN, LEAKED, OK, STARTED, FileFound, outcome_of
from evaluation.corpus.steps import INSPECT, STEPS, Step

Taken = tuple[str, Any]
"""The outcome's name, and the value if there is one."""


class NeverAgain:
    """Forgets every kill, so that no step is spared, and none is told that the file is quarantined."""

    def of(self, sha256: str) -> int:  # noqa: ARG002
        """None so far."""
        return 0

    def add(self, sha256: str) -> int:  # noqa: ARG002
        """The first."""
        return 1


class FileReader:
    """Takes a file through every step."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self._folder = folder
        self._peak_bytes = 0
        self.sandbox = Sandbox(limits, kills=NeverAgain(), observe=self._observe, office=Office())

    def read(self, path: str) -> FileFound:
        """Whatever the file does, this says what became of it."""
        file = self._folder / path
        size = file.stat().st_size
        data = file.read_bytes() if size <= MAX_BYTES else None
        self._peak_bytes, killed = 0, self.sandbox.killed
        began = time.perf_counter()
        found, converted_from = self._found(data)
        took_s = time.perf_counter() - began
        steps = {name: outcome for name, (outcome, _) in found.items()}
        outcome, inspected = outcome_of(steps), found[INSPECT][1]
        return FileFound(
            path=path,
            sha256=None if data is None else sha256(data).hexdigest(),
            size_bytes=size,
            outcome=outcome,
            reason=None if outcome == OK else outcome,
            ms=round(1000 * took_s, 2),
            peak_mb=round(self._peak_bytes / MIB, 2),
            pages=inspected.pages if isinstance(inspected, Inspected) else None,
            encrypted=inspected.encrypted if isinstance(inspected, Inspected) else None,
            converted_from=converted_from,
            crashed_children=self.sandbox.killed - killed,
            steps=steps,
        )

    def _found(self, data: bytes | None) -> tuple[dict[str, Taken], str | None]:
        """What each step finds; of a picture or an office file in the PDF made of it, as the inspection's task does.

        The latter's format, or kind, comes second.
        """
        found = {name: self._take(step, data) for name, step in STEPS.items()}
        if found[INSPECT][0] != Reason.NOT_A_PDF.value:
            return found, None
        outcome, made = self._take(lambda sandbox, other: sandbox.to_pdf(other), data)
        if isinstance(made, MadePdf):
            return {name: self._take(step, made.pdf) for name, step in STEPS.items()}, made.made_of
        return found if outcome == OK else dict.fromkeys(STEPS, (outcome, None)), None

    def _take(self, step: Step, data: bytes | None) -> Taken:
        """None instead of data is too much to be read."""
        if data is None:
            return Reason.TOO_LARGE.value, None
        try:
            value = step(self.sandbox, data)
        except SandboxBroken:
            return BROKEN, None
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            return f"{LEAKED}:{type(error).__name__}", None
        return (value.reason.value, None) if isinstance(value, Unreadable) else (OK, value)

    def _observe(self, spent: Spent) -> None:
        self._peak_bytes = max(self._peak_bytes, spent.peak_bytes)


def serve(connection: Connection, folder: str) -> None:
    """Answer each path with what became of the file, until the other end closes."""
    logging.getLogger("buffrsign").setLevel(logging.CRITICAL)  # a folder of bad files is no news
    reader = FileReader(Path(folder))
    try:
        reader.sandbox.capabilities()
        connection.send(STARTED)
        while True:
            connection.send(reader.read(connection.recv()))
    except EOFError:
        reader.sandbox.close()
