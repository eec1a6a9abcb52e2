"""How tests are spread over several processes: what shares live workers stays together, and what is long goes first.

Each process starts a server of its own, so that every test has its databases to itself, as in one process.
"""

import os
import re
from collections.abc import Iterable
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.stage import Way

PROCESSES_A_CORE = 2
"""Most tests wait more than they compute."""

_WAY = re.compile(rf"[\[-]({'|'.join(Way)})[\]-]")
_LIVE_WORKERS = "tests/integration/"
"""Elsewhere a word of `Way` means something else: letters are looked at in a light scheme."""

_ONE_STAGE_FOR_EACH_WAY = "tests/integration/tasks/"
"""The modules of this folder share live workers."""

_EACH_BY_ITSELF = ("tests/integration/broker/test_mutants.py", "tests/integration/mail/test_kills.py")
"""Modules of long tests, of which each may run in another process."""

_LONGEST_FIRST = [
    "tests/integration/broker/test_model.py",
    "tests/integration/mail/test_kills.py",
    "tests/integration/tasks/test_celery_results.py",
    "tests/browser/",
    "tests/end_to_end/",
    "tests/integration/outbox/",
    "tests/integration/addresses/",
    "tests/integration/workers/",
    "tests/integration/tools/",
    "tests/tour/",
    "tests/integration/tasks/",
    "tests/integration/benchmarks/",
    "tests/integration/",
]


def processes(*, a_core: int) -> int:
    """How many there are: none but this one where the tests are given a server, whose databases are one set."""
    return 0 if os.environ.get("TEST_REDIS_URL") else a_core * (os.cpu_count() or 1)


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The same tests; a long module that came last would be waited for while the other processes have nothing to do."""
    return sorted(items, key=lambda item: _place(item.nodeid))


class BySharedWorkers(LoadScopeScheduling):  # type: ignore[misc]  # xdist says nothing of its types
    """One unit of work is a module's tests; or those, of one module or of several, that share a worker of one way."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False  # it would take the module of most tests for the longest
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        if module in _EACH_BY_ITSELF:
            return nodeid
        if module.startswith(_LIVE_WORKERS) and (way := _WAY.search(test)):
            sharing = _ONE_STAGE_FOR_EACH_WAY if module.startswith(_ONE_STAGE_FOR_EACH_WAY) else module
            return f"{sharing}::{way[1]}"
        return module


def _place(nodeid: str) -> int:
    return next((place for place, start in enumerate(_LONGEST_FIRST) if nodeid.startswith(start)), len(_LONGEST_FIRST))
