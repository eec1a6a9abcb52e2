"""A real Redis-protocol server for the tests: a private one, or the one that TEST_REDIS_URL names.

Every test, and every module with live workers, gets databases of its own; they must be empty before, and what was
written is deleted after. Nothing is ever flushed. A key that nobody owns fails the test that left it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.server import read_facts, require_fit
from buffrsign.jobs import Queue
from buffrsign.state import keys as state_keys
from tests.support.database import lay_schema
from workers.embedded_broker import EmbeddedBroker
from workers.processes import Processes

KEY_SECRET = "a key secret of the tests"

_OURS = [
    keys.RECORD_PREFIX,
    keys.SCHEDULE,
    keys.SERIES_PREFIX,
    keys.HOLDERS,
    keys.HOLDER_PREFIX,
    keys.STOP_PREFIX,
    keys.WATCH,
    keys.SUSPECTS_PREFIX,
    keys.BELL_PREFIX,
    keys.ENDED,
    keys.COUNTERS,
    keys.WINDOW_PREFIX,
    keys.TURNS_PREFIX,
    keys.GUESTS_PREFIX,
    keys.UNTIL_TAKEN_PREFIX,
    keys.BACKLOG_PREFIX,
    keys.BACKLOGGED,
    keys.PLACES,
    keys.PAUSED,
    keys.LIMITS,
    keys.IN_USE_PREFIX,
    keys.RATE_PREFIX,
    keys.HELD,
    keys.HELD_BY_PREFIX,
    keys.TICK_PREFIX,
    keys.UNIQUE_PREFIX,
    keys.KEY_SECRET_FINGERPRINT,
    keys.DEAD_LETTERS,
    state_keys.DOCUMENT_STATUS_PREFIX,
    state_keys.PICTURE_PROGRESS_PREFIX,
    state_keys.STEP_TIMES,
    state_keys.DOCUMENT_KILLS_PREFIX,
    state_keys.CACHE_PREFIX,
]
_KOMBU = ["unacked", "_kombu.binding", "celery-task-meta-", "chord-unlock", "celery"]
_READY = [ready for queue in Queue for ready in keys.ready_lists(queue)]
_OWNED = re.compile(
    "|".join([*map(re.escape, [*_OURS, *_KOMBU]), rf"({'|'.join(map(re.escape, _READY))})\Z", r".*\.pidbox\Z"])
)


@dataclass(frozen=True)
class TestBroker:
    """Three databases of one server, for jobs, for state and for the cache; `client` is of the jobs' database.

    One that our programs cannot know to be on this machine is used without payload keys only if they are told so.
    """

    __test__ = False

    client: "Redis"
    broker_url: str
    state_url: str
    cache_url: str
    allow_plain_payloads: bool = field(default=False, kw_only=True)

    def environment(self, folder: Path) -> dict[str, str]:
        """The environment of a program that works on these databases and in this folder, where its tables are laid."""
        database = folder / "buffrsign.db"
        lay_schema(database)
        return {
            **{name: value for name, value in os.environ.items() if _goes_on(name)},
            "BUFFRSIGN_BROKER_URL": self.broker_url,
            "BUFFRSIGN_STATE_URL": self.state_url,
            "BUFFRSIGN_CACHE_URL": self.cache_url,
            "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET,
            "BUFFRSIGN_DATABASE_URL": f"sqlite:///{database}",
            "BUFFRSIGN_BLOB_FOLDER": f"{folder}/blobs",
            "BUFFRSIGN_UNKNOWN_TASK_PATIENCE_S": "0",
            "BUFFRSIGN_LEASE_S": "10",
            "BUFFRSIGN_ALLOW_PLAIN_PAYLOADS": str(int(self.allow_plain_payloads)),
        }


def _goes_on(name: str) -> bool:
    """Whether a program of the tests gets this variable of ours: which transport, says whoever calls the tests."""
    return name == "BUFFRSIGN_BROKER_TRANSPORT" or not name.startswith(("BUFFRSIGN_", "REDIS_"))


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """The address of a server without its database: TEST_REDIS_URL's, or a private one's for as long as this lasts."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield re.sub(r"/\d*\Z", "", given)
        return
    with private_server(folder) as address:
        yield address


@contextmanager
def private_server(folder: Path) -> Iterator[str]:
    """The address of a server that a test may configure as it likes, for as long as this lasts."""
    with Processes(folder / "log") as processes:
        server = EmbeddedBroker(processes, folder=folder / "broker", env=dict(os.environ))
        server.start()
        yield server.url().rpartition("/")[0]


@contextmanager
def databases(server: str, *, first: int) -> Iterator[TestBroker]:
    """Three empty databases, counted from `first`, and emptied again afterwards key by key."""
    urls = [f"{server}/{first + offset}" for offset in range(3)]
    with ExitStack() as open_clients:
        clients = [open_clients.enter_context(Redis.from_url(url)) for url in urls]
        require_fit(read_facts(clients[0]), server="test server")
        for client in clients:
            size: Any = client.dbsize()
            assert size == 0, f"the tests need empty databases, and one of {len(urls)} from {first} holds {size} keys"
        yield TestBroker(clients[0], *urls)
        orphans = [key for client in clients for key in delete_everything(client)]
    assert not orphans, f"keys that nobody owns were left: {orphans}"


def delete_everything(client: "Redis") -> list[str]:
    """Delete every key; those that nobody owns."""
    found = [key.decode() for key in client.scan_iter()]
    if found:
        client.delete(*found)
    return [key for key in found if not _OWNED.match(key)]
