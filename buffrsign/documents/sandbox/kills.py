"""Which documents killed children, so that no document does it for ever."""

from collections import Counter
from typing import Protocol

MOST_KILLS = 3
"""A document that killed so many children is quarantined: it is read no more."""


class Kills(Protocol):
    """How many children each document killed, by its SHA-256."""

    def of(self, sha256: str, /) -> int:
        """How many so far."""

    def add(self, sha256: str, /) -> int:
        """Count one more, and return how many that makes."""


class KillsHere:
    """Kills that only this process knows of, for as long as it lives."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def of(self, sha256: str) -> int:
        """How many so far."""
        return self._counts[sha256]

    def add(self, sha256: str) -> int:
        """Count one more."""
        self._counts[sha256] += 1
        return self._counts[sha256]
