"""The suppression list: mailboxes that get no letter, and how a person puts one on it or takes it off."""
# ruff: noqa: PLC0415

import sys
from typing import TYPE_CHECKING

import click

from buffrsign.cli.connections import open_database
from buffrsign.cli.options import as_json, database_url
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.clock import utc_now
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from buffrsign.mail.suppression import Suppression

_why = click.option("--why", required=True, metavar="TEXT", help="The reason, kept in the list.")


class NotSuppressed(Permanent):
    """The mailbox is not on the list."""


@click.group()
def suppressed() -> None:
    """Look at the mailboxes that get no letter, and add or clear one.

    An address is better read from standard input, by `-`: a command line is seen by others, and shells remember it.
    """


@suppressed.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@click.option("--cleared", is_flag=True, help="Show also those that were cleared.")
@click.option("--people", is_flag=True, help="Show the addresses too.")
@database_url
@as_json
def list_(*, limit: int, cleared: bool, people: bool, database_url: str, as_json: bool) -> None:
    """List them, the latest first, each with a number that `clear` takes."""
    from buffrsign.mail.suppression import SuppressionList

    with open_database(database_url) as database:
        found = SuppressionList(database, clock=utc_now).select(cleared=cleared, at_most=limit)
    rows = [_shown(each, people=people) for each in found]
    if as_json:
        print_json(rows)
    elif rows:
        print_rows(tuple(rows[0]), [tuple(row.values()) for row in rows])
    else:
        click.echo("No mailbox is suppressed.")


@suppressed.command()
@click.argument("address")
@_why
@database_url
@as_json
def add(address: str, *, why: str, database_url: str, as_json: bool) -> None:
    """Send no more letters to ADDRESS, or to the one on standard input if that is -."""
    from buffrsign.mail.suppression import SuppressionList

    mailbox = _address(address)
    with open_database(database_url) as database:
        added = SuppressionList(database, clock=utc_now).add(mailbox, why=why)
    report({"added": added, "suppressed": True}, as_json=as_json)


@suppressed.command()
@click.argument("which", metavar="NUMBER|ADDRESS")
@_why
@database_url
@as_json
def clear(which: str, *, why: str, database_url: str, as_json: bool) -> None:
    """Let letters go out again to a mailbox: by its NUMBER in the list, by its ADDRESS, or by - on standard input."""
    from buffrsign.mail.suppression import SuppressionList

    with open_database(database_url) as database:
        suppressions = SuppressionList(database, clock=utc_now)
        is_number = which.isascii() and which.isdigit()
        cleared = (
            suppressions.clear_number(int(which), why=why)
            if is_number
            else suppressions.clear(_address(which), why=why)
        )
    if not cleared:
        raise NotSuppressed("that mailbox is not suppressed; see `buffrsign mail suppressed list`")
    report({"cleared": True}, as_json=as_json)


def _address(given: str) -> str:
    address = (sys.stdin.readline() if given == "-" else given).strip()
    if "@" not in address:
        raise click.BadParameter("expected an e-mail address, as in signer@example.com, or -", param_hint="ADDRESS")
    return address


def _shown(each: "Suppression", *, people: bool) -> dict[str, object]:
    return {
        "number": each.number,
        **({"address": each.mailbox} if people else {}),
        "reason": each.reason,
        "at": each.at,
        "source": each.source,
        "job_id": each.job_id,
        "why": each.why,
        "cleared_at": each.cleared_at,
        "cleared_why": each.cleared_why,
    }
