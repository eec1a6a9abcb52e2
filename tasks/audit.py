"""How the ledger is written."""

from buffrsign.jobs.audit import RecordEvent
from buffrsign.ledger import AlreadyThere, Appended
from config.services import Services
from tasks.base import Done, task


@task(RecordEvent, attempts=20, light=True)
def record_event(job: RecordEvent, services: Services) -> Done:
    """Append one entry, once."""
    match services.ledger.append(job):
        case Appended(sequence):
            return Done(f"entry {sequence}: {job.action}", {"sequence": sequence})
        case AlreadyThere(sequence):
            return Done(f"was entry {sequence} already", {"sequence": sequence})
