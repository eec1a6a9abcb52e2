"""The benchmark's contract: the same 322 bytes as everybody's."""

from buffrsign.jobs import Job, Queue


class Noop(Job, kind="maintenance.noop", queue=Queue.MAINTENANCE):
    """Do nothing, and note how late that is."""

    document_id: str
    recipient: str
    title: str
    stamp: str
    note: str
