"""Fixtures that any test may ask for, and the marks of tests that need more than pip can bring."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from buffrsign import Producer
from buffrsign.mail.chromium import find_browser
from tests.support import parallel
from tests.support.broker import KEY_SECRET, TestBroker, databases, running_server
from tests.support.postgresql import folder_of_programs
from tests.support.s3_server import find_swift

PARTS: dict[str, Callable[[], object]] = {
    "redis-server": lambda: shutil.which("redis-server"),
    "postgresql": folder_of_programs,
    "chromium": find_browser,
    "s3-server": find_swift,
}
"""What `needs(part)` may name, and what shows that it is there."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare our marks."""
    config.addinivalue_line("markers", "needs(part): runs only where this part is installed; REQUIRE=all insists")
    config.addinivalue_line("markers", "any_transport: holds on every transport; see BUFFRSIGN_BROKER_TRANSPORT")
    config.addinivalue_line("markers", "slow: runs in `make test-slow`")
    gc.disable()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means, and `-n logical`: as many as there are cores, for tests that do not wait."""
    return parallel.processes(a_core=1 if config.option.numprocesses == "logical" else parallel.PROCESSES_A_CORE)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> parallel.BySharedWorkers:
    """Which tests stay together."""
    return parallel.BySharedWorkers(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests whose part is absent, unless REQUIRE=all, and say which parts those are."""
    if hasattr(config, "workerinput"):
        items[:] = parallel.longest_first(items)
    missing = {part for part, found in PARTS.items() if found() is None}
    if os.environ.get("REQUIRE") == "all":
        return
    absent = [item for item in items if _needed_by(item) & missing]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]
        named = sorted({part for item in absent for part in _needed_by(item) & missing})
        config.stash[_NOTE] = f"not installed, so {len(absent)} tests are deselected: {', '.join(named)}"


def pytest_collection_finish() -> None:
    """Collect garbage from here on, and never look again at what imports and collection made: it stays to the end."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what is absent to the process that writes the summary; that one collects nothing where there are several."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[_ABSENT] = session.config.stash.get(_NOTE, None)


def pytest_testnodedown(node: Any) -> None:
    """Take what one of several processes found absent; they all find the same."""
    if note := getattr(node, "workeroutput", {}).get(_ABSENT):
        node.config.stash[_NOTE] = note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the absent parts where the reader looks last."""
    if note := config.stash.get(_NOTE, None):
        terminalreporter.write_line(note)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """With REQUIRE=all an absent part is a failure."""
    for part in _needed_by(item):
        if PARTS[part]() is None:
            pytest.fail(f"REQUIRE=all and {part} is not installed")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis-protocol server, for the whole run."""
    with running_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def broker(server: str) -> Iterator[TestBroker]:
    """Empty databases for one test."""
    with databases(server, first=0) as empty:
        yield empty


@pytest.fixture(scope="module")
def live_broker(server: str) -> Iterator[TestBroker]:
    """Empty databases for the tests of one module that share live workers."""
    with databases(server, first=3) as empty:
        yield empty


@pytest.fixture
def producer(broker: TestBroker) -> Iterator[Producer]:
    """A producer on this test's broker."""
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET)
    yield producer
    producer.close()


_ABSENT = "absent parts"
_NOTE = pytest.StashKey[str]()


def _needed_by(item: pytest.Item) -> set[str]:
    return {mark.args[0] for mark in item.iter_markers("needs")}
