"""The mail server of a run: it counts what it took, refuses one mailbox, and puts one off twice.

Between the last byte of a message and its answer it waits, and says so first: a worker can be killed in between.
"""

import asyncio
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from queue import SimpleQueue
from typing import Any

from aiosmtpd.controller import Controller

from workers.smtp_catcher import LOOPBACK

UNKNOWN = "550 5.1.1 no such mailbox here"
BUSY = "450 4.2.1 mailbox busy, try again"
TAKEN = "250 2.0.0 taken"


@dataclass
class Inboxes:
    """aiosmtpd's handler. `taken` has the Message-IDs of each person's letters, one for each time one came."""

    refused: str
    put_off: str
    put_off_times: int
    dice: random.Random
    slowest_s: float
    taken: dict[str, list[str]] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    at_hand: SimpleQueue[None] = field(default_factory=SimpleQueue)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Whether there is such a mailbox, and has time."""
        with self.lock:
            if address == self.refused:
                self.refusals[address] += 1
                return UNKNOWN
            if address == self.put_off and self.refusals[address] < self.put_off_times:
                self.refusals[address] += 1
                return BUSY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """The message is taken, whatever becomes of the answer."""
        message_id = str(message_from_bytes(envelope.content)["Message-ID"])
        with self.lock:
            for address in envelope.rcpt_tos:
                self.taken.setdefault(address, []).append(message_id)
            wait_s = self.dice.uniform(0, self.slowest_s)
        self.at_hand.put(None)
        await asyncio.sleep(wait_s)
        return TAKEN

    def message_ids(self) -> set[str]:
        """Of all that was taken."""
        with self.lock:
            return {message_id for letters in self.taken.values() for message_id in letters}


def serving(inboxes: Inboxes, port: int) -> Controller:
    """A server for them; start and stop it."""
    return Controller(inboxes, hostname=LOOPBACK, port=port, ready_timeout=20)
