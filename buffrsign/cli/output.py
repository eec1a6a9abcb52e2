"""What commands print: JSON for machines, small tables for people. Only what people see is made safe for a terminal."""
# ruff: noqa: PLC0415

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNFOLDED = 10_000
"""A file or a pipe has no width, so nothing is folded there."""


def report(value: Any, *, as_json: bool) -> None:
    """One value as JSON, or, for people, an object's names and values."""
    if as_json:
        print_json(value)
    else:
        print_facts(value)


def print_json(value: Any) -> None:
    """One value as one line of JSON."""
    click.echo(msgspec.json.encode(value).decode())


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and their values, one a line; None is left out."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value is not None:
            grid.add_row(name, as_text(value))
    console().print(grid)


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table."""
    console().print(table(columns, rows))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """A table whose numbers stand on the right and whose first column is never folded."""
    from rich import box
    from rich.table import Table

    cells = [list(row) for row in rows]
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        is_number = any(isinstance(row[place], int) for row in cells)
        made.add_column(column, overflow="fold", no_wrap=place == 0, justify="right" if is_number else "left")
    for row in cells:
        made.add_row(*map(as_text, row))
    return made


def console() -> "Console":
    """Standard output, where no text is taken for markup."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _UNFOLDED
    return Console(width=width, markup=False, emoji=False, highlight=False)


def as_text(value: object) -> str:
    """A value as people read it: moments in UTC to the second, objects as JSON, no control characters."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case dict() | list():
            return msgspec.json.encode(value).decode()
    # Some of this text came over the network: an escape sequence must not reach the terminal.
    return "".join(character if character.isprintable() else " " for character in str(value))
