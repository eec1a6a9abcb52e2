"""Records of jobs that wait, for tests that look into them or change them."""

from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.scripts import script


def whole(client: Redis, job_id: str) -> str:
    """The key of the job's record, a whole one from now on if it was compact: asking for a job's progress does that."""
    script(client, "progress")(args=[job_id, "", ""])
    return keys.record(job_id)
