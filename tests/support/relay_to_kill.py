"""Rounds of relays that kill themselves at a step: before and after each statement, commit, and call of the broker.

python -m tests.support.relay_to_kill <database> <broker>

It reads steps, one a line, and forks a relay for each, since starting Python each time would take longest. It answers
`killed`, or `whole` if the round has fewer steps than that.
"""

import os
import signal
import sys
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import create_engine, event

from buffrsign import Producer
from buffrsign.outbox_relay import Relay
from tests.support.broker import KEY_SECRET


def main(database: str, broker: str, last_step: int) -> None:
    """Relay, as far as that step."""
    steps = count(1)

    def step(*_event: Any) -> None:
        if next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    class Stepping(Producer):
        def enqueue_many(self, *bulk: Any, **terms: Any) -> Any:
            step()
            enqueued = super().enqueue_many(*bulk, **terms)
            step()
            return enqueued

    engine = create_engine(database)
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(engine, name, step)
    Relay(engine, Stepping(broker, key_secret=KEY_SECRET), claim=timedelta(0)).relay()


def serve(database: str, broker: str) -> None:
    """One relay, in a process of its own, for each step that is asked for."""
    for asked in sys.stdin:
        child = os.fork()
        if not child:
            status = 1
            try:
                main(database, broker, int(asked))
                status = 0
            finally:
                os._exit(status)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write({-signal.SIGKILL: "killed\n", 0: "whole\n"}.get(ended, f"failed: {ended}\n"))
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
