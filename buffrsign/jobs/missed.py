"""What becomes of a job whose time passed while nothing could start it."""

from enum import StrEnum


class Missed(StrEnum):
    """A job's own answer to having missed its time. A series is a job's successive times, as of periodic work."""

    RUN = "run"
    """It runs, however late; each one of a series does."""

    SKIP = "skip"
    """It does not run; the next one of its series is on time."""

    ONCE = "once"
    """One run stands for all that its series missed."""
