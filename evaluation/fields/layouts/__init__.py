"""The families of layouts. Those held out were drawn before any rule was written, and no rule is tuned to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from evaluation.fields.label import Label
from evaluation.fields.layouts import (
    afrikaans,
    annex,
    around,
    below,
    boxes,
    checkboxes,
    columns,
    conformed,
    decoys,
    deed,
    forms,
    german,
    german_pairs,
    initials,
    leaders,
    letter,
    prices,
    register,
    running_blanks,
    scans,
    sentences,
    stacked,
    tables,
    witnesses,
)
from evaluation.fields.sheet import Sheet

Draw = Callable[[Sheet], bytes | None]

DEV: Mapping[str, Draw] = {
    "afrikaans": afrikaans.draw,
    "around": around.draw,
    "below": below.draw,
    "boxes": boxes.draw,
    "checkboxes": checkboxes.draw,
    "columns": columns.draw,
    "conformed": conformed.draw,
    "decoys": decoys.draw,
    "forms": forms.draw,
    "german": german.draw,
    "initials": initials.draw,
    "leaders": leaders.draw,
    "running_blanks": running_blanks.draw,
    "scans": scans.draw,
    "sentences": sentences.draw,
    "stacked": stacked.draw,
    "witnesses": witnesses.draw,
}
HELD_OUT: Mapping[str, Draw] = {
    "annex": annex.draw,
    "deed": deed.draw,
    "german_pairs": german_pairs.draw,
    "letter": letter.draw,
    "prices": prices.draw,
    "register": register.draw,
    "tables": tables.draw,
}


@dataclass(frozen=True)
class Generated:
    """A document of one family, and what it asks for. `number` seeds its dice."""

    family: str
    number: int
    data: bytes
    labels: tuple[Label, ...]


def generate(family: str, number: int) -> Generated:
    """The same document for the same number, whenever and wherever."""
    sheet = Sheet(Random(f"{family} {number}"))  # noqa: S311 - dice, not secrets
    data = (DEV | HELD_OUT)[family](sheet)  # type: ignore[operator]
    return Generated(family, number, data or sheet.written(), tuple(sheet.labels))
