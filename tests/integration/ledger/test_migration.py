import importlib.util
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, create_engine, inspect

import buffrsign.core
from buffrsign.ledger.tables import ledger_entries

MIGRATION = Path(buffrsign.core.__file__).parent / "migrations" / "versions" / "0003_ledger.py"


def shape_of(connection):
    inspector = inspect(connection)
    name = ledger_entries.name
    columns = [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)]
    return (
        columns,
        inspector.get_pk_constraint(name),
        inspector.get_unique_constraints(name),
        inspector.get_indexes(name),
    )


def test_the_migration_makes_the_table_that_the_ledger_declares():
    spec = importlib.util.spec_from_file_location("ledger_migration", MIGRATION)
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    migrated, declared = create_engine("sqlite://"), create_engine("sqlite://")

    with migrated.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()
        shape = shape_of(connection)

    with declared.begin() as connection:
        ledger_entries.to_metadata(MetaData(naming_convention=ledger_entries.metadata.naming_convention)).create(
            connection
        )
        assert shape == shape_of(connection)
    migrated.dispose()
    declared.dispose()
