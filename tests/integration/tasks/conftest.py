"""A live worker of the tests' own jobs and a scheduler, shared by the tests of one module."""

from collections.abc import Iterator

import pytest

from tests.support.broker import TestBroker
from tests.support.stage import Stage, raised_stage


@pytest.fixture(scope="module")
def stage(live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with raised_stage(live_broker, tmp_path_factory.mktemp("stage")) as stage:
        yield stage
