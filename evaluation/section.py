"""What one part of the evaluation has found: figures for programs, tables for people, and what is wrong."""

from dataclasses import dataclass, field
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Section:
    """The measurement of one part.

    `figures` is JSON: nested objects whose leaves are numbers or words. Those that `floors.json` names under this
    section's name, by dotted path, may not fall below what is written there. `problems` are sentences on whatever
    else makes the measurement worthless, for example labelled documents that DATA does not hold.
    """

    name: str
    figures: dict[str, Any]
    tables: list[Table]
    problems: list[str] = field(default_factory=list)
