"""Workers of the corpus that do what ours MUST NOT, in place of `evaluation/corpus/worker.py`."""

import os
import time
from multiprocessing.connection import Connection

from evaluation.corpus.found import STARTED, FileFound


def found(path: str, *, outcome: str = "ok", steps: dict[str, str] | None = None, **changed: object) -> FileFound:
    """A file of which this became."""
    fields = {
        "path": path,
        "sha256": "ab" * 32,
        "size_bytes": 9,
        "outcome": outcome,
        "reason": None if outcome == "ok" else outcome,
        "ms": 1.0,
        "peak_mb": 1.0,
        "pages": 1,
        "encrypted": False,
        "converted_from": None,
        "crashed_children": 0,
        "steps": steps or {"inspect": outcome},
    }
    return FileFound(**{**fields, **changed})  # type: ignore[arg-type]


def dies_of_some(connection: Connection, _folder: str) -> None:
    """A path that says so ends it, or keeps it busy for ever."""
    connection.send(STARTED)
    while True:
        try:
            path = connection.recv()
        except EOFError:
            return
        if "kill" in path:
            os.abort()
        if "hang" in path:
            time.sleep(3600)
        connection.send(found(path))
