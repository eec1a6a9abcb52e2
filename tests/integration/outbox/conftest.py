from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from buffrsign import outbox
from tests.support.postgresql import running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server's address, for the whole run."""
    with running_postgresql() as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path) -> str:
    """A database's address."""
    return f"sqlite:///{tmp_path}/outbox.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """That database, with an empty outbox."""
    engine = create_engine(database)
    outbox.metadata.create_all(engine)
    yield engine
    outbox.metadata.drop_all(engine)
    engine.dispose()
