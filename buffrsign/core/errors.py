"""The three ways work can fail, named by who must act next.

A task ends in one of them or returns; `tasks/base.py` holds the table of what follows.
"""

from datetime import timedelta


class BuffrSignError(Exception):
    """Base of every error this project raises on purpose. The message is a sentence that says the way out."""


class Transient(BuffrSignError):
    """Waiting helps: a server is away, a lock is held. The job is tried again with backoff.

    `retry_after` is how long waiting cannot help yet, where that is known; the backoff is at least that.
    """

    retry_after: timedelta | None = None


class Permanent(BuffrSignError):
    """Waiting does not help: a person must act. The job becomes a dead letter at once."""


class InDoubt(Permanent):
    """Nobody knows whether the effect happened, so doing it again may do it twice: a person must find out."""


class NotYet(BuffrSignError):
    """Nothing failed, it is only too early. The job goes back to the schedule and no attempt is spent."""

    def __init__(self, message: str, *, delay: timedelta) -> None:
        super().__init__(message)
        self.delay = delay
