import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect

import buffrsign.ledger.tables
import buffrsign.mail.tables
import buffrsign.requests.tables
import buffrsign.storage.tables  # noqa: F401  (imported for the tables they declare)
from buffrsign.core import sql
from buffrsign.core.sql import HEAD, Database, metadata, migrate
from tests.support.racing import race

MIGRATE = """
import sys
from buffrsign.core.sql import Database, migrate
database = Database(sys.argv[1])
sys.stdin.readline()
migrate(database)
database.close()
"""


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    yield database
    database.close()


def tables_in(database):
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def test_the_migrations_build_exactly_the_tables_that_the_packages_declare(database):
    migrate(database)

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_head_is_the_latest_migration(database):
    migrations = Config()
    migrations.set_main_option("script_location", str(Path(sql.__file__).with_name("migrations")))

    assert ScriptDirectory.from_config(migrations).get_current_head() == HEAD


def test_migrating_again_changes_nothing(database):
    migrate(database)
    before = tables_in(database)

    migrate(database)

    assert tables_in(database) == before == {*metadata.tables, "alembic_version"}


def test_a_migration_that_is_interrupted_leaves_nothing_half_done(database):
    def stop_half_way(connection, cursor, statement, *rest):
        if "CREATE TABLE steps" in statement:
            raise KeyboardInterrupt

    event.listen(database._engine, "before_cursor_execute", stop_half_way)
    with pytest.raises(KeyboardInterrupt):
        migrate(database)
    event.remove(database._engine, "before_cursor_execute", stop_half_way)

    assert tables_in(database) == set()
    migrate(database)
    assert tables_in(database) == {*metadata.tables, "alembic_version"}


def test_threads_that_migrate_a_fresh_file_at_once_all_succeed(database):
    databases = [Database(database.url) for _ in range(10)]

    race([partial(migrate, each) for each in databases])

    for each in databases:
        each.close()
    assert tables_in(database) == {*metadata.tables, "alembic_version"}


def test_processes_that_migrate_a_fresh_file_at_once_all_succeed(database):
    command = [sys.executable, "-W", "error", "-c", MIGRATE, database.url]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, **pipes) for _ in range(5)]

    for each in processes:
        each.stdin.write(b"go\n")
        each.stdin.flush()
    failures = [each.communicate()[1].decode() for each in processes]

    assert failures == [""] * 5
    assert [each.returncode for each in processes] == [0] * 5
    assert tables_in(database) == {*metadata.tables, "alembic_version"}
