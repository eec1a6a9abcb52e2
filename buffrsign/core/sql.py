"""SQL for whatever must outlive Redis: one database, short transactions, schema by migration (extra `sql`).

SQLite by default: WAL, so that readers never wait; BEGIN IMMEDIATE, so that a transaction that will write takes its
lock at once instead of failing half-way; a busy timeout, so that writers queue. Each package declares its tables on
the shared `metadata`; `core/migrations` builds them.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    MetaData,
    String,
    TypeDecorator,
    column,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    table,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from buffrsign.core.clock import from_epoch_ms, to_epoch_ms
from buffrsign.core.errors import Transient

BUSY_TIMEOUT_S = 15
_WAL_RETRY_S = 0.01
_READ_ONLY = "buffrsign_read_only"
_MIGRATIONS = Path(__file__).with_name("migrations")

HEAD = "0010"
"""The latest of the migrations; a test compares."""

_VERSION = table("alembic_version", column("version_num", String))

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class DatabaseUnavailable(Transient):
    """The database is locked for too long, full, or away."""


class UtcMoment(TypeDecorator[datetime]):
    """An aware datetime, stored as milliseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Aware datetime to milliseconds; a naive one raises ValueError."""
        return None if value is None else to_epoch_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Milliseconds to an aware datetime in UTC."""
        return None if value is None else from_epoch_ms(value)


class Database:
    """Where transactions come from. One per process; made after a fork, never before."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.url = url
        self._engine = _engine(url, busy_timeout_s=busy_timeout_s)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first instant; commits at the end, or rolls back.

        Raises:
            DatabaseUnavailable: the lock was not had within the busy timeout, or the disk is full.
        """
        with _unavailable_is_transient(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and never waits for writers."""
        with _unavailable_is_transient(), self._engine.connect() as connection:
            yield connection.execution_options(**{_READ_ONLY: True})

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def migrate(database: Database) -> None:
    """Bring the schema to this release's; safe when many processes do it at once, and free when nothing is to do."""
    if _revision(database) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - 11 MB, and needed once in a release
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(database: Database) -> str | None:
    """What alembic noted last; None where it was never here."""
    with database.read() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        return connection.scalar(select(_VERSION.c.version_num))


@contextmanager
def _unavailable_is_transient() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise  # a missing table or a wrong statement: waiting does not help
        raise DatabaseUnavailable(f"the database did not answer: {error.orig}; the job will be tried again") from error


def _engine(url: str, *, busy_timeout_s: float) -> Engine:
    # Parameters are people's names and addresses: they must not reach a log inside an error's message.
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(dbapi_connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    dbapi_connection.isolation_level = None  # we say BEGIN ourselves, below
    _use_wal(dbapi_connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _use_wal(dbapi_connection: sqlite3.Connection) -> None:
    # While another connection makes a fresh file's switch, SQLite refuses ours at once: no busy timeout applies.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            dbapi_connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
