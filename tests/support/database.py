"""Real SQLite files with the real schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buffrsign.core.sql import Database, migrate


@contextmanager
def migrated_database(folder: Path) -> Iterator[Database]:
    """A database of its own in this folder, at this release's schema, closed at the end."""
    database = Database(f"sqlite:///{folder / 'test.db'}")
    migrate(database)
    try:
        yield database
    finally:
        database.close()
