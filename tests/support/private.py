"""Payload keys of the tests, and a broker whose programs are given keys."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

from buffrsign.crypto import Cipher
from buffrsign.jobs import Job, Queue
from buffrsign.jobs.fields import Title
from tests.support.broker import TestBroker

OLD, NEW, GONE = ({name: bytes([number]) * 32} for number, name in enumerate(("old", "new", "gone"), start=1))


def spelt(keys: dict[str, bytes]) -> str:
    """Keys as a setting has them."""
    return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in keys.items())


def cipher_of(keys: dict[str, bytes]) -> Cipher:
    """A cipher of these keys."""
    return Cipher.read(spelt(keys))


class Waits(Job, kind="test.waits", queue=Queue.MAINTENANCE):
    """Report progress, and run until the test lets go; see `private_app.py`."""

    title: Title
    folder: str


@dataclass(frozen=True)
class PrivateBroker(TestBroker):
    """A test's broker; `changes` are added to the environment of its programs."""

    changes: dict[str, str] = field(default_factory=dict)

    __test__ = False

    @classmethod
    def at(cls, broker: TestBroker, keys: dict[str, bytes], **changes: str) -> "PrivateBroker":
        """The same databases, for programs that have these keys."""
        return cls(
            broker.client,
            broker.broker_url,
            broker.state_url,
            broker.cache_url,
            changes={"BUFFRSIGN_PAYLOAD_KEYS": spelt(keys), **changes},
        )

    def environment(self, folder: Path) -> dict[str, str]:
        """See `TestBroker`."""
        return {**super().environment(folder), **self.changes}
