"""What the tests of several folders share."""

from collections.abc import Iterator

import pytest

from tests.support.postgresql import running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server's database, for the whole run."""
    with running_postgresql() as address:
        yield address
