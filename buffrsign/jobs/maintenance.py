"""Jobs that keep the house clean and prove that it lives."""

from typing import Annotated

import msgspec

from buffrsign.jobs.fields import Line
from buffrsign.jobs.job import Job
from buffrsign.jobs.queues import Queue


class ExpiredDocuments(Job, kind="maintenance.expired_documents", queue=Queue.MAINTENANCE):
    """Delete the stored bytes of documents whose time is over, each with a ledger entry."""

    at_most: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000


class CacheCleanup(Job, kind="maintenance.cache_cleanup", queue=Queue.MAINTENANCE):
    """Drop cache entries that no current code reads, any that would stay for ever, and what is known of lost jobs."""


class UncertainLetters(Job, kind="maintenance.uncertain_letters", queue=Queue.MAINTENANCE):
    """Tell people of letters of which nobody has known for an hour whether they were taken; of each once a day."""


class Canary(Job, kind="maintenance.canary", queue=Queue.MAINTENANCE):
    """Prove that a queue is served: the one kind that may name its queue."""

    ask: Queue = Queue.MAINTENANCE
    note: Line = ""

    @property
    def destination(self) -> Queue:
        """The queue that is asked."""
        return self.ask
