"""A PostgreSQL server of the tests' own: in a folder that is gone afterwards, reached by a socket in it and no port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, inspect, make_url, text

from buffrsign.core.sql import Database, migrate
from tests.support.wait import START_S, wait_until

_DEBIAN = Path("/usr/lib/postgresql")
_NOBODY = "nobody"


def folder_of_programs() -> Path | None:
    """Where PostgreSQL's programs are, if they are here and so is the driver."""
    if find_spec("psycopg") is None:
        return None
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda program: int(program.parent.parent.name))
    return versions[-1].parent if versions else None


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Its address, for as long as this lasts."""
    programs = folder_of_programs()
    assert programs, "PostgreSQL or psycopg is not installed"
    user = _NOBODY if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters at most
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"
    try:
        # The data are thrown away, so nothing is synced.
        setup: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "tests",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(setup, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, user=user, cwd=folder
            )
        try:
            ask: list[str | Path] = [programs / "pg_isready", "-q", "-h", folder, "-U", "tests", "-d", "postgres"]
            wait_until(
                lambda: subprocess.run(ask, check=False).returncode == 0, "PostgreSQL to answer", timeout_s=START_S
            )
            yield f"postgresql+psycopg://tests@/postgres?host={folder}"
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder)


def migrated_beside(address: str) -> str:
    """The address of a new database of the same server, at this release's schema."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    engine.dispose()
    beside = make_url(address).set(database="migrated").render_as_string(hide_password=False)
    with closing(Database(beside)) as database:
        migrate(database)
    return beside


@contextmanager
def emptied(address: str) -> Iterator[Database]:
    """That database without the rows of whoever had it before, which takes a quarter of the time of migrating anew."""
    with closing(Database(address)) as database:
        with database.write() as connection:
            tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
            connection.execute(text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY"))
        yield database
