"""What a document asks people to fill in, as it was labelled: the truth that `find_fields` is measured against."""

from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["signature", "initials", "date", "name", "place", "text", "checkbox"]
Cue = Literal["line", "box", "blank", "label_only"]
Rect = tuple[float, float, float, float]

FOLDER = Path(__file__).with_name("labels")
GENERATED = Path(__file__).with_name("layouts") / "labels"


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field. `page` counts from 1; `owner` numbers the parties in order, None where it is nobody's.

    `rect` is where somebody would write, (x0, y0, x1, y1) in points from the lower left corner of the visible page as
    it is shown upright; on a line, from the baseline to one text height above it.
    """

    type: Kind
    page: int
    rect: Rect
    owner: int | None
    cue: Cue = "line"
    filled: bool = False


class LabelledNumber(msgspec.Struct, frozen=True):
    """A generated document's labels. `number` seeds the dice of its family."""

    number: int
    fields: tuple[Label, ...]


class Labels(msgspec.Struct, frozen=True):
    """A real document's labels. `complete` means that no field of it is missing here."""

    sha256: str
    pages: int
    complete: bool
    fields: tuple[Label, ...]


def of_family(family: str) -> tuple[LabelledNumber, ...]:
    """The committed labels of a family of generated documents."""
    return msgspec.json.decode((GENERATED / f"{family}.json").read_bytes(), type=tuple[LabelledNumber, ...])


def of_real_files(part: str) -> dict[str, Labels]:
    """The labels of `open`, `further` or `sealed` documents, by SHA-256."""
    files = sorted((FOLDER / part).glob("*.json"))
    found = (msgspec.json.decode(file.read_bytes(), type=Labels) for file in files)
    return {labels.sha256: labels for labels in found}
