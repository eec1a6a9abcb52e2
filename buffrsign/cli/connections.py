"""Connections for as long as one command runs; whatever goes wrong in them becomes an error with the way out."""
# ruff: noqa: PLC0415

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buffrsign.broker.address import AddressRefused
from buffrsign.core.errors import Permanent
from buffrsign.crypto import Cipher
from buffrsign.producer import BrokerUnavailable, Producer, connect

if TYPE_CHECKING:
    from redis import Redis

    from buffrsign.core.sql import Database


class DatabaseUnfit(Permanent):
    """The address names no database of ours. The message says what to check."""


@contextmanager
def open_broker(url: str) -> Iterator["Redis"]:
    """A client of the broker.

    Raises:
        BrokerUnavailable: it does not answer, or refuses what the command asks.
        click.BadParameter: the URL is none.
    """
    from redis.exceptions import RedisError

    try:
        client = connect(url)
    except AddressRefused as refused:
        raise click.BadParameter(str(refused), param_hint="--broker-url") from refused
    try:
        yield client
    except RedisError as error:
        raise BrokerUnavailable(
            f"the broker did not answer ({type(error).__name__}); check --broker-url, and that the broker runs"
        ) from error
    finally:
        client.close()


@contextmanager
def open_producer(
    url: str, *, key_secret: str | None, cipher: Cipher | None = None, allow_plain_payloads: bool = True
) -> Iterator[Producer]:
    """A producer on the broker; raises what `open_broker` does, and what `Producer` does.

    A command that writes no payload of a person may leave out the cipher.
    """
    with open_broker(url) as client:
        yield Producer(
            url, key_secret=key_secret, cipher=cipher, allow_plain_payloads=allow_plain_payloads, client=client
        )


@contextmanager
def open_database(url: str) -> Iterator["Database"]:
    """The SQL database as it is: nothing is created and nothing migrated, which is for the workers to do.

    Raises:
        DatabaseUnfit: it is not there, its driver is not installed, or its tables are not those of this release.
        DatabaseUnavailable: see `Database.read`.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        database = _existing_database(url)
    except (SQLAlchemyError, ValueError) as error:
        raise DatabaseUnfit("--database-url is no URL of a database, as in sqlite:///var/buffrsign.db") from error
    try:
        yield database
    except SQLAlchemyError as error:
        raise DatabaseUnfit(
            f"the database cannot be read ({type(error).__name__}); check that --database-url is the workers', and "
            "that a worker of this release has used it, which brings its tables up to date"
        ) from error
    finally:
        database.close()


def _existing_database(url: str) -> "Database":
    from sqlalchemy import make_url

    from buffrsign.core.sql import Database

    address = make_url(url)
    # SQLite would make an empty file of a mistyped name.
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise DatabaseUnfit(
            f"there is no database file {address.database or 'in this URL'}; check --database-url "
            "(a worker makes the file with its first job that needs one)"
        )
    try:
        return Database(url)
    except ModuleNotFoundError as error:
        raise DatabaseUnfit(f"--database-url asks for the driver {error.name}, which is not installed") from error
