from collections.abc import Iterator
from pathlib import Path

import pytest

from buffrsign.core.sql import Database
from buffrsign.storage import Catalog, LocalBlobs
from tests.support.clock import StoppedClock
from tests.support.database import migrated_database


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path) as database:
        yield database


@pytest.fixture
def catalog(database: Database, clock: StoppedClock) -> Catalog:
    return Catalog(database, clock=clock)


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")
