from collections.abc import Iterator

import pytest
from sqlalchemy import text

from buffrsign.core.sql import Database, migrate
from tests.support.postgresql import running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server's address, for the whole run."""
    with running_postgresql() as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def empty_database(request: pytest.FixtureRequest, tmp_path) -> Iterator[Database]:
    """A database without tables, of each kind that is used in production."""
    is_sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/test.db" if is_sqlite else request.getfixturevalue("postgresql"))
    yield database
    if not is_sqlite:
        with database.write() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """That database, with this release's tables."""
    migrate(empty_database)
    return empty_database
