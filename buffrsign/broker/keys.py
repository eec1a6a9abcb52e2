"""Every key that the broker keeps in Redis, by name. `docs/redis-keys.md` says who owns each and what its loss means.

The six queues keep kombu's own names and format (`email`, `requests`, …), so `LLEN email` and Flower tell the truth.
The scripts get these names as the table `K`, so each is written once.
"""

RECORD_PREFIX = "buffrsign:job:"
"""Hash, or a string until the job first begins, one per job: its record. Expires `ENDED_TTL` after the job ended, and
never while it waits for its time or for its first worker."""

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

WINDOW_PREFIX = "buffrsign:window:"
"""Hash, one per ready list while it holds tenants' jobs: how many of each, and of all under `#`."""

TURNS_PREFIX = "buffrsign:turns:"
"""List, one per ready list: tenants with a backlog that the window is filled from, the next one first."""

GUESTS_PREFIX = "buffrsign:guests:"
"""List, one per ready list: tenants that are served past the window, the next first; '' is the window's own turn."""

UNTIL_TAKEN_PREFIX = "buffrsign:until-taken:"
"""Hash, one per ready list with guests: `#taken` from the window since the first came, and until when each is one."""

BACKLOG_PREFIX = "buffrsign:backlog:"
"""List, one per ready list and tenant: its jobs that wait for their turn, in kombu's own format."""

BACKLOGGED = "buffrsign:backlogged"
"""Hash: ready list → how many of its jobs wait for their tenant's turn."""

PLACES = "buffrsign:places"
"""String: how many jobs were asked for while less urgent ones waited, so that these get their share. Kept for ever."""

PAUSED = "buffrsign:paused"
"""Hash: queue → since when it is paused, in milliseconds. Kept until a person resumes it."""

LIMITS = "buffrsign:limits"
"""Hash: name of a limit → how many jobs may be with workers, how many may start, in so many ms. Kept until cleared."""

IN_USE_PREFIX = "buffrsign:in-use:"
"""Set, one per limit on jobs with workers: their leases, and some that have ended. Expires a week after a start."""

RATE_PREFIX = "buffrsign:rate:"
"""String, one per limit on starts: when the next one is due, in milliseconds. Expires a week after a start."""

HELD = "buffrsign:held"
"""Hash: ready list → how many of its jobs limits hold. With a list's and a limit's name behind it: the list of them."""

HELD_BY_PREFIX = "buffrsign:held-by:"
"""Sorted set, one per ready list: limits that hold jobs of it, by when they are looked at again, in milliseconds."""

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
    return [ready_list(queue, step) for step in PRIORITY_STEPS]


def ready_list(queue: str, step: int) -> str:
    """The list of a queue's ready jobs of one priority step."""
    return f"{queue}{PRIORITY_SEPARATOR}{step}" if step else queue


def backlog(ready: str, tenant: str) -> str:
    """The key of what waits for a tenant's turn in a ready list."""
    return f"{BACKLOG_PREFIX}{ready}:{tenant}"


def held(ready: str, limit: str) -> str:
    """The key of what a limit holds of a ready list."""
    return f"{HELD}:{ready}:{limit}"


def queue_of_list(name: str) -> str:
    """The queue that a list of ready jobs belongs to."""
    return name.partition(PRIORITY_SEPARATOR)[0]
