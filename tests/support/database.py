"""Real SQLite files with the real schema, made once and copied, because each migration takes a tenth of a second."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from buffrsign.core.sql import Database, migrate


def migrated_database(folder: Path) -> Database:
    """A database of its own in this folder, at this release's schema."""
    path = folder / "test.db"
    shutil.copy(_template(), path)
    return Database(f"sqlite:///{path}")


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="buffrsign-test-")) / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path
