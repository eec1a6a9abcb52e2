from collections.abc import Iterator

import pytest
from sqlalchemy import text

from buffrsign.core.sql import Database
from tests.support.database import migrated_database
from tests.support.postgresql import emptied, migrated_beside

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
"""The databases that are used in production."""


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path) -> Iterator[Database]:
    """A database without tables, of each kind."""
    is_sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/test.db" if is_sqlite else request.getfixturevalue("postgresql"))
    yield database
    if not is_sqlite:
        with database.write() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    database.close()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: str) -> str:
    """The address of a PostgreSQL database with this release's tables, for the whole run."""
    return migrated_beside(postgresql)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path) -> Iterator[Database]:
    """A database of each kind with this release's tables, and nothing in them."""
    is_sqlite = request.param == "sqlite"
    with (
        migrated_database(tmp_path)
        if is_sqlite
        else emptied(request.getfixturevalue("migrated_postgresql")) as database
    ):
        yield database
