"""Time limits and stops where no other process sees to them: in a worker that runs its tasks itself (the pool `solo`).

A thread looks at what runs, 20 times a second. At the soft limit it interrupts the main thread, as Celery does in a
child; at the hard one, or when a job that is to stop has not looked in time, it ends the process, and says so before.
"""

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from buffrsign.broker.deliveries import Delivery

LOOK_S = 0.05

SLOW_S = 1.0
"""While a task runs for longer, nothing waits behind it in this process."""

Limits = tuple[float | None, float | None]
"""Soft and hard, in seconds."""


class _Watched:
    __slots__ = ("began", "delivery", "hard_s", "interrupted", "is_slow", "soft_s", "stop_at")

    def __init__(self, delivery: Delivery, limits: Limits) -> None:
        self.delivery = delivery
        self.soft_s, self.hard_s = limits
        self.began = time.monotonic()
        self.interrupted = self.is_slow = False
        self.stop_at: float | None = None


class Watch:
    """Looks after one task at a time, that of the main thread.

    `slow` gives back what waits. `end` ends the process; it gets the delivery and why, or '' where the job is to stop.
    """

    def __init__(
        self,
        *,
        stops: Callable[[], list[str]],
        grace: timedelta,
        slow: Callable[[], None],
        end: Callable[[Delivery, str], Any],
    ) -> None:
        self._stops, self._grace_s, self._slow, self._end = stops, grace.total_seconds(), slow, end
        self._current: _Watched | None = None
        self._main = threading.main_thread().ident

    def start(self) -> None:
        """Called once, in the main thread."""
        signal.signal(signal.SIGALRM, self._interrupt)
        threading.Thread(target=self._look_for_ever, name="limits", daemon=True).start()

    def look_at(self, delivery: Delivery, limits: Limits) -> None:
        """From now on the limits hold."""
        self._current = _Watched(delivery, limits)

    def look_away(self) -> None:
        """The task has ended."""
        self._current = None

    def _interrupt(self, _number: int, _frame: Any) -> None:
        current = self._current
        if current and current.interrupted:
            raise SoftTimeLimitExceeded

    def _look_for_ever(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(LOOK_S)
            if current := self._current:
                self._look(current, time.monotonic())

    def _look(self, current: _Watched, now: float) -> None:
        stops = self._stops()
        if current.stop_at is None and current.delivery.lease in stops:
            stops.remove(current.delivery.lease)
            current.stop_at = now + self._grace_s
        ran_s = now - current.began
        if ran_s > SLOW_S and not current.is_slow:
            current.is_slow = True
            self._slow()
        if current.hard_s and ran_s > current.hard_s:
            self._end(current.delivery, f"it ran longer than {current.hard_s:g} s and its process was killed")
        elif current.stop_at and now > current.stop_at:
            self._end(current.delivery, "")
        elif current.soft_s and ran_s > current.soft_s and not current.interrupted and self._main:
            current.interrupted = True
            signal.pthread_kill(self._main, signal.SIGALRM)


class _Process:
    watch: Watch | None = None


def install(watch: Watch) -> None:
    """From now on the tasks of this process's main thread are watched."""
    watch.start()
    _Process.watch = watch


class limited:  # noqa: N801 - used like a function; see `bind` in `buffrsign/core/logs.py`
    """While this lasts, the limits hold, if it is on this process to enforce them."""

    __slots__ = ("_delivery", "_limits", "_watch")

    def __init__(self, delivery: Delivery, limits: Limits) -> None:
        self._delivery, self._limits = delivery, limits
        self._watch = _Process.watch
        if self._watch and threading.current_thread() is not threading.main_thread():
            self._watch = None

    def __enter__(self) -> None:
        if self._watch:
            self._watch.look_at(self._delivery, self._limits)

    def __exit__(self, *_error: object) -> None:
        if self._watch:
            self._watch.look_away()
