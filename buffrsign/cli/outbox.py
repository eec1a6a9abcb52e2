"""The outbox in a service's own database: what waits there, what somebody must look at, and how to try that again."""
# ruff: noqa: PLC0415

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buffrsign.cli.connections import DatabaseUnfit
from buffrsign.cli.options import as_json
from buffrsign.cli.output import print_facts, print_json, print_rows
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy import Connection

_database_url = click.option(
    "--database-url",
    required=True,
    metavar="URL",
    help="The service's database, as SQLAlchemy spells it; leave its password to PGPASSWORD or a password file.",
)


class NotStuck(Permanent):
    """Some of the rows that were named are neither refused nor doubtful."""


@click.group()
def outbox() -> None:
    """Look after the outbox of a service: jobs that its transactions wrote, until a relay has published them."""


@outbox.command()
@_database_url
@as_json
def show(*, database_url: str, as_json: bool) -> None:
    """Show how much waits, since when, and the first rows that somebody must look at.

    Nothing of a payload is shown.
    """
    from buffrsign.outbox import read_backlog

    with _open_outbox(database_url) as connection:
        backlog = read_backlog(connection)
    if as_json:
        print_json(backlog)
        return
    print_facts(
        {
            "waiting": backlog.waiting,
            "oldest": backlog.oldest_waiting,
            "published, not ended": backlog.open,
            "refused": backlog.refused,
            "doubtful": backlog.doubtful,
        }
    )
    if backlog.first_stuck:
        click.echo()
        stuck = [(row.number, row.job_id, row.kind, row.why) for row in backlog.first_stuck]
        print_rows(("number", "job_id", "kind", "why"), stuck)


@outbox.command()
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True, type=int)
@_database_url
@as_json
def retry(numbers: Sequence[int], *, database_url: str, as_json: bool) -> None:
    """Let refused or doubtful rows be published once more, under the ids that they have.

    A doubtful job may have been done: look at what it was to do before you retry it.
    """
    from buffrsign.outbox import retry_stuck

    with _open_outbox(database_url) as connection:
        waiting = retry_stuck(connection, numbers)
    if as_json:
        print_json(waiting)
    elif waiting:
        print_rows(("number",), [(number,) for number in waiting])
    if left := [str(number) for number in dict.fromkeys(numbers) if number not in waiting]:
        raise NotStuck(f"neither refused nor doubtful: {', '.join(left)}")


@contextmanager
def _open_outbox(url: str) -> Iterator["Connection"]:
    """One transaction. Raises DatabaseUnfit if there is no such database, or no outbox in it."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        address = make_url(url)
        # SQLite would make an empty file of a mistyped name.
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
            raise DatabaseUnfit(f"there is no database file {address.database or 'in this URL'}; check --database-url")
        engine = create_engine(address, hide_parameters=True)
    except (SQLAlchemyError, ValueError) as error:
        raise DatabaseUnfit("--database-url is no URL of a database, as in postgresql+psycopg://db/app") from error
    except ModuleNotFoundError as error:
        raise DatabaseUnfit(f"--database-url asks for the driver {error.name}, which is not installed") from error
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseUnfit(
            f"the outbox cannot be read ({type(error).__name__}); check that --database-url is that of the service, "
            "and that it has the table buffrsign_outbox"
        ) from error
    finally:
        engine.dispose()
