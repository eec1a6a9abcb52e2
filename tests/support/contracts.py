"""Jobs of the tests' own, which end as they are told; `tests/support/app.py` holds their tasks."""

from enum import StrEnum
from typing import Annotated

import msgspec

from buffrsign.jobs import Job, Queue

ATTEMPTS = 3
"""How often a scripted job is tried."""

SECRET = "what a foreign exception says"
"""The message of the exception behind `End.FAULT`: it must be shown nowhere."""


class End(StrEnum):
    """How one run ends: the rows of the table in `tasks/base.py`, and three that last until they are let go.

    Of those, one that waits can be interrupted; one that hangs cannot; one that reports tells its progress meanwhile.
    """

    RETURNS = "returns"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    IN_DOUBT = "in_doubt"
    NOT_YET = "not_yet"
    FAULT = "fault"
    KILLED = "killed"
    WAITS = "waits"
    HANGS = "hangs"
    REPORTS = "reports"


class Scripted(Job, kind="test.scripted", queue=Queue.MAINTENANCE):
    """Its first run ends as the first of `ends`, its second as the second, and so on; the last one repeats.

    Every run adds a line to the file `journal`. What lasts is let go by a file beside it, with the suffix `.go`.
    """

    ends: Annotated[tuple[End, ...], msgspec.Meta(min_length=1)]
    journal: str
