"""What commands print: JSON for machines, plain columns for people, whose terminal no text from outside can reach."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec


def report(facts: Any, *, as_json: bool) -> None:
    """One value as JSON, or, for people, an object's names and values."""
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


def print_json(value: Any) -> None:
    """One value as one line of JSON."""
    click.echo(msgspec.json.encode(value).decode())


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and their values, one a line; None is left out."""
    width = max(map(len, facts))
    for name, value in facts.items():
        if value is not None:
            click.echo(f"{name.ljust(width)}  {as_text(value)}")


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table."""
    click.echo(as_table(columns, rows))


def as_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Headings and rows in columns, never folded: a narrow terminal does that itself, and a pipe has no width."""
    lines = [list(columns), *([as_text(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


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
            return as_text(msgspec.json.encode(value).decode())
    # Some of this text came over the network: an escape sequence must not reach the terminal.
    return "".join(character if character.isprintable() else " " for character in str(value))
