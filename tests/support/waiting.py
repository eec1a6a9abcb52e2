"""Waiting for something that another process or thread does, without guessing how long it takes."""

import threading
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], what: str, *, timeout_s: float = 10.0) -> None:
    """Return once the condition holds; fail with what was waited for when it does not in time."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"waited {timeout_s} s in vain for {what}")
