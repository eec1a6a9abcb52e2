"""What became of one file."""

import msgspec

from evaluation.corpus.steps import MAKING

OK = "ok"
LEAKED = "leaked"
"""An exception came out of the sandbox, which MUST NOT happen. Its class follows, behind a colon."""

BROKEN = "sandbox_broken"
"""The zygote died over the file, which MUST NOT happen either."""

DEAD = "dead_worker"
"""Nor this: the process that had the file read died, or hung."""

STARTED = "started"
"""What a worker says first: what its start takes is no file's time."""


class FileFound(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `path` is relative to the folder; `sha256` is None where the file was too large to be read.

    `outcome` is "ok", or else the `reason` of the first of the reading `steps` that ended otherwise. A picture or
    an office file is read as the PDF that is made of it; `converted_from` is its format then. `ms` by the clock for all
    steps; `peak_mb` in MiB over the child's idle memory, of the step that took most. `pages` and `encrypted` are the
    inspection's. `crashed_children` over this file.
    """

    path: str
    sha256: str | None
    size_bytes: int
    outcome: str
    reason: str | None
    ms: float
    peak_mb: float
    pages: int | None
    encrypted: bool | None
    converted_from: str | None
    crashed_children: int
    steps: dict[str, str]


def outcome_of(steps: dict[str, str]) -> str:
    """The first of a reading step that is not "ok"."""
    return next((outcome for step, outcome in steps.items() if step not in MAKING and outcome != OK), OK)


def lost(path: str, *, ms: float) -> FileFound:
    """A file over which a worker died."""
    return FileFound(
        path=path,
        sha256=None,
        size_bytes=0,
        outcome=DEAD,
        reason=DEAD,
        ms=ms,
        peak_mb=0.0,
        pages=None,
        encrypted=None,
        converted_from=None,
        crashed_children=0,
        steps={},
    )
