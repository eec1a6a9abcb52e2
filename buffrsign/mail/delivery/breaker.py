"""Circuit breakers: a provider that fails again and again is left alone for a while, so that no letter waits for it.

Closed, all letters go to it. After so many failures in a row it is open: none do. When its pause is over, one letter
is the probe (half-open): its success closes the circuit, its failure opens it for another pause.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from buffrsign.core.logs import get_logger

FAILURES_TO_OPEN = 5
PAUSE_S = 60.0

log = get_logger(__name__)


class Breaker:
    """One provider's circuit, in one process. Every `enter` that says yes ends in one of the three calls below it."""

    def __init__(
        self,
        provider: str,
        *,
        failures_to_open: int = FAILURES_TO_OPEN,
        pause_s: float = PAUSE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._failures_to_open = failures_to_open
        self._pause_s = pause_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._probe_at: float | None = None
        self._probing = False

    def opens_in(self) -> timedelta | None:
        """How long the provider is not to be asked; None where it may be, also as a probe.

        While a probe is under way, nobody knows: a pause is said.
        """
        with self._lock:
            if self._probe_at is None:
                return None
            if self._probing:
                return timedelta(seconds=self._pause_s)
            left_s = self._probe_at - self._monotonic()
            return timedelta(seconds=left_s) if left_s > 0 else None

    def enter(self) -> bool:
        """Whether this letter may go to the provider: the circuit is closed, or the letter is the probe."""
        with self._lock:
            if self._probe_at is None:
                return True
            if self._probing or self._monotonic() < self._probe_at:
                return False
            self._probing = True
        log.info("mail provider was probed", provider=self._provider)
        return True

    def succeeded(self) -> None:
        """It answered as a mail server does, whatever it said of the letter."""
        with self._lock:
            self._failures = 0
            was_probe, self._probing = self._probing, False
            if was_probe:
                self._probe_at = None
        if was_probe:
            log.info("mail provider's circuit closed", provider=self._provider)

    def failed(self) -> None:
        """It did not answer, closed the session, or talked no SMTP."""
        with self._lock:
            self._failures += 1
            failures = self._failures
            opened = self._probing or (self._probe_at is None and failures >= self._failures_to_open)
            if opened:
                self._probing = False
                self._probe_at = self._monotonic() + self._pause_s
        if opened:
            log.warning("mail provider's circuit opened", provider=self._provider, failures=failures)

    def abandoned(self) -> None:
        """Nothing was learnt: the letter did not go, for a reason that is not the provider's."""
        with self._lock:
            self._probing = False
