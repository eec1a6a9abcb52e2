"""How urgent a job is beside others of its queue."""

from enum import IntEnum


class Priority(IntEnum):
    """Kombu's steps on Redis: the lower the number, the sooner, and whoever says nothing is `NORMAL`.

    While more urgent jobs wait, one place in eight still goes to the less urgent, so that none waits for ever. What
    workers hold already is not overtaken.
    """

    NORMAL = 0
    LOW = 3
    LOWER = 6
    BULK = 9
