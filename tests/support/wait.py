"""Waiting for something to become true, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

START_S = 40.0
"""How long a program may take to start while other work keeps both cores busy."""


def wait_until(condition: Callable[[], T], what: str, *, timeout_s: float = 20.0) -> T:
    """The first truthy answer of the condition; fails, saying what was waited for, when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(0.01)
    return answer
