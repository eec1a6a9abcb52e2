"""A small system for the tour: one live worker for all queues, a scheduler, and a mail server that keeps letters."""

from collections.abc import Iterator

import pytest

from tests.support.broker import TestBroker
from tests.support.system import System, running_system


@pytest.fixture(scope="module")
def system(live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(live_broker, tmp_path_factory.mktemp("system")) as system:
        yield system
