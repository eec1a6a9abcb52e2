"""The audit ledger: what is in it, and whether it is as it was written."""
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

import click

from buffrsign.cli.connections import open_database
from buffrsign.cli.options import as_json, database_url
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.clock import utc_now
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from buffrsign.ledger import StoredEntry

_COLUMNS = ("sequence", "occurred", "action", "document", "actor")


class LedgerBroken(Permanent):
    """The ledger is not as it was written, from this sequence number on."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(
            f"the ledger is broken at entry {sequence}: {reason}; keep the database as it is and compare a backup"
        )
        self.sequence = sequence


@click.group()
def audit() -> None:
    """Read and verify the audit ledger."""


@audit.command("list")
@click.option("--document", "document_id", metavar="ID", help="Only the entries of this document.")
@click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="SEQUENCE", help="Only entries behind this one."
)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@database_url
@as_json
def list_entries(*, document_id: str | None, after: int, limit: int, database_url: str, as_json: bool) -> None:
    """List entries in their order; --json shows their details and hashes too.

    They are read, not verified: `buffrsign audit verify` does that.
    """
    from buffrsign.ledger import Ledger

    with open_database(database_url) as database:
        found = Ledger(database, clock=utc_now).entries(document_id=document_id, after=after, at_most=limit)
    if as_json:
        print_json(found)
        return
    print_rows(_COLUMNS, map(_row, found))
    if len(found) == limit:
        click.echo(f"There may be more: --after {found[-1].sequence}", err=True)


@audit.command()
@database_url
@as_json
def verify(*, database_url: str, as_json: bool) -> None:
    """Check that every entry is there, unchanged and in its place.

    Prints the number of entries and the head of the chain. Keep both elsewhere: only a comparison with them shows that
    the last entries were cut off, or that everything was rewritten. Exits with 1 at the first broken entry.
    """
    from buffrsign.ledger import Broken, Ledger

    with open_database(database_url) as database:
        verdict = Ledger(database, clock=utc_now).verify()
    if isinstance(verdict, Broken):
        if as_json:
            print_json({"verified": False, "sequence": verdict.sequence, "reason": verdict.reason})
        raise LedgerBroken(verdict.sequence, verdict.reason)
    report({"verified": True, "entries": verdict.entries, "head": verdict.head}, as_json=as_json)


def _row(stored: "StoredEntry") -> tuple[object, ...]:
    entry = stored.entry
    return stored.sequence, entry.occurred_at, entry.action, entry.document_id, entry.actor
