"""Forgetting jobs that will never begin, because somebody else took their messages.

A job that is ready has a record without an expiry, however long its queue is paused. A stock worker, or whoever deletes
a list, leaves such records behind.
"""

from typing import TYPE_CHECKING, Any

from buffrsign.broker.scripts import script

if TYPE_CHECKING:
    from redis import Redis

LOOKED_AT = 1000
"""Names that one call looks at: about a millisecond of Redis's time."""


def forget_lost(client: "Redis") -> int:
    """Let the records of such jobs expire a day later, `WAITING_TTL` after they were ready. How many: all in Redis."""
    forget = script(client, "forget_lost")
    answer: Any = forget(args=[0, LOOKED_AT])
    cursor, forgotten = answer[0], int(answer[1])
    while cursor != b"0":
        answer = forget(args=[cursor, LOOKED_AT])
        cursor, forgotten = answer[0], forgotten + int(answer[1])
    return forgotten
