"""Every key that the broker keeps in Redis, by name. `docs/redis-keys.md` says who owns each and what its loss means.

The six queues keep kombu's own names and format (`email`, `requests`, …), so `LLEN email` and Flower tell the truth.
"""

RECORD_PREFIX = "buffrsign:job:"
"""Hash, one per job: its record. Expires `ENDED_TTL` after the job ended, and never while it is scheduled."""

SCHEDULE = "buffrsign:schedule"
"""Sorted set: the ids of jobs whose time has not come, by due time in milliseconds."""

SCHEDULE_BELL = "buffrsign:schedule:bell"
"""List of at most one element: rung when a job becomes the earliest, so that a waiting scheduler wakes."""

UNIQUE_PREFIX = "buffrsign:unique:"
"""String, one per keyed job: the hash of its key, holding its job id. Lives as long as the job's record;
gone at once when the job is cancelled or dies."""

KEY_SECRET_FINGERPRINT = "buffrsign:key-secret-fingerprint"  # noqa: S105 - the name of a key, not a secret
"""String: which key secret this broker's producers use. Set by the first keyed job, kept for ever."""

DEAD_LETTERS = "buffrsign:dead"
"""Sorted set: the ids of dead letters by the time they died, in milliseconds."""

DEAD_LETTER_PREFIX = "buffrsign:dead:"
"""Hash, one per dead letter: why it died and the message as it came. Kept until a person discards it."""


def record(job_id: str) -> str:
    """The key of a job's record."""
    return RECORD_PREFIX + job_id


def unique(key_hash: str) -> str:
    """The key that holds the id of the job with this key hash."""
    return UNIQUE_PREFIX + key_hash


def dead_letter(letter_id: str) -> str:
    """The key of one dead letter."""
    return DEAD_LETTER_PREFIX + letter_id
