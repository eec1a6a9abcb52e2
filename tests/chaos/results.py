"""Whether who asked for a result can have it: the record of each job that was asked for and performed holds it."""

import json
from pathlib import Path
from typing import Any

from redis import Redis

from tests.chaos.ledger import Accepted, read
from tests.chaos.workload import Shape

AT_MOST = 5000


def wrong_results(client: Redis, folder: Path) -> int:
    """How many of the asked-for results, of the first `AT_MOST` jobs, are missing or another job's."""
    asked = {entry.job for entry in read(folder) if isinstance(entry, Accepted) and entry.shape == Shape.ASKED}
    wrong = 0
    for job_id in sorted(asked)[:AT_MOST]:
        answer: Any = client.hmget(f"buffrsign:job:{job_id}", "state", "result")
        state, result = answer
        if state == b"done" and (result is None or json.loads(result).get("subject") != job_id):
            wrong += 1
    return wrong
