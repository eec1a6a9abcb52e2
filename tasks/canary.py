"""The canary answers on whatever queue it is asked, so every worker knows it."""

from buffrsign.jobs.maintenance import Canary
from config.services import Services
from tasks.base import Done, task


@task(Canary, attempts=1, light=True)
def answer(job: Canary, services: Services) -> Done:
    """Say that this queue is served, and at what time; and the note, unless payloads are private: a result is not."""
    note = {} if services.cipher else {"note": job.note}
    return Done("answered", {"queue": job.ask.value, "at": services.clock().isoformat(), **note})
