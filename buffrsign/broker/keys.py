"""Every key that the broker keeps in Redis, by name. `docs/redis-keys.md` says who owns each and what its loss means.

The six queues keep kombu's own names and format (`email`, `requests`, …), so `LLEN email` and Flower tell the truth.
The scripts get these names as the table `K`, so each is written once.
"""

RECORD_PREFIX = "buffrsign:job:"
"""Hash, one per job: its record. Expires `ENDED_TTL` after the job ended, and never while it is scheduled."""

SCHEDULE = "buffrsign:schedule"
"""Sorted set: the ids of jobs whose time has not come, by due time in milliseconds."""

SCHEDULE_BELL = "buffrsign:schedule:bell"
"""List of at most one element: rung when a job becomes the earliest, so that a waiting scheduler wakes."""

SERIES_PREFIX = "buffrsign:series:"
"""Sorted set, one per series of jobs of which one is enough: those that are scheduled, by due time."""

HOLDERS = "buffrsign:holders"
"""Sorted set: who holds jobs, by the time its leases run out, in milliseconds. Its heartbeat moves it on."""

HOLDER_PREFIX = "buffrsign:holder:"
"""Hash, one per holder: what it was given and has not settled, lease id → list, zero byte, message."""

STOP_PREFIX = "buffrsign:stop:"
"""List, one per holder: leases whose jobs somebody asked to stop. Its heartbeat reads it; expires in an hour."""

WATCH = "buffrsign:watch"
"""String: when somebody last looked for holders whose leases ran out, in milliseconds."""

SUSPECTS_PREFIX = "buffrsign:suspects:"
"""Sorted set, one per queue: messages whose worker died while they ran, by that time. Each is delivered alone."""

BELL_PREFIX = "buffrsign:bell:"
"""List of at most one element, one per queue: rung when it gets work, so that an idle worker wakes."""

UNIQUE_PREFIX = "buffrsign:unique:"
"""String, one per keyed job: the hash of its key, holding its job id. Lives as long as the job's record;
gone at once when the job is cancelled or dies."""

KEY_SECRET_FINGERPRINT = "buffrsign:key-secret-fingerprint"  # noqa: S105 - the name of a key, not a secret
"""String: which key secret this broker's producers use. Set by the first keyed job, kept for ever."""

DEAD_LETTERS = "buffrsign:dead"
"""Sorted set: the ids of dead letters by the time they died, in milliseconds."""

DEAD_LETTER_PREFIX = "buffrsign:dead:"
"""Hash, one per dead letter: why it died and the message as it came. Kept until a person discards it."""

ENDED = "buffrsign:ended"
"""Sorted set: the newest jobs that ended, by that time, at most `ENDED_LISTED` of the last `ENDED_TTL`."""

COUNTERS = "buffrsign:counters"
"""Hash: `<queue>:<event>` → how often it happened, since this broker began. Kept for ever."""

TICK_PREFIX = "buffrsign:tick:"
"""Hash, one per periodic schedule: the latest tick that was published, in milliseconds, and of which timetable."""

RESULT_CHANNEL_PREFIX = "celery-task-meta-"
"""Channel, one per job: Celery's own name, so that its clients and ours are woken by one message."""

PRIORITY_SEPARATOR = "\x06\x16"
PRIORITY_STEPS = (0, 3, 6, 9)
"""kombu's: a queue's list for the step 0 has the queue's own name, the others add separator and step."""


def record(job_id: str) -> str:
    """The key of a job's record."""
    return RECORD_PREFIX + job_id


def unique(key_hash: str) -> str:
    """The key that holds the id of the job with this key hash."""
    return UNIQUE_PREFIX + key_hash


def dead_letter(letter_id: str) -> str:
    """The key of one dead letter."""
    return DEAD_LETTER_PREFIX + letter_id


def holder(holder_id: str) -> str:
    """The key of what one holder was given."""
    return HOLDER_PREFIX + holder_id


def suspects(queue: str) -> str:
    """The key of a queue's suspects."""
    return SUSPECTS_PREFIX + queue


def bell(queue: str) -> str:
    """The key of a queue's bell."""
    return BELL_PREFIX + queue


def result_channel(job_id: str) -> str:
    """The channel that tells who waits for a job that it has ended."""
    return RESULT_CHANNEL_PREFIX + job_id


def ready_lists(queue: str) -> list[str]:
    """The lists of a queue's ready jobs, in the order in which they are taken: one for each priority step."""
    return [f"{queue}{PRIORITY_SEPARATOR}{step}" if step else queue for step in PRIORITY_STEPS]


def queue_of_list(name: str) -> str:
    """The queue that a list of ready jobs belongs to."""
    return name.partition(PRIORITY_SEPARATOR)[0]
