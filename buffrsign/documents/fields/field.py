"""A place on a page where somebody signs, or writes something when they sign."""

from enum import StrEnum

import msgspec

MAX_FIELDS = 500

Rect = tuple[float, float, float, float]
"""Left, lower, right and upper edge, in points from the lower left corner of the visible page, shown upright."""


class FieldType(StrEnum):
    """What is to be written there."""

    SIGNATURE = "signature"
    INITIALS = "initials"
    DATE = "date"
    NAME = "name"
    PLACE = "place"
    TEXT = "text"
    CHECKBOX = "checkbox"


class Field(msgspec.Struct, frozen=True):
    """One field. `page` counts from 1.

    `rect` is where to write: a box or a widget as it is; on a line, from the line to one text height above it.
    `owner` is the number of the party, None where it is nobody's, as a witness's line. `filled`: something stands there
    already, "/s/ Name" for one. `confidence` is how often such a finding was right, from 0 to 1. `reason` says in
    words how it was found, and holds nothing of the document.
    """

    type: FieldType
    page: int
    rect: Rect
    owner: int | None
    filled: bool
    confidence: float
    reason: str


class Owner(msgspec.Struct, frozen=True):
    """A party, in the order of their blocks. `heading` is what stands over or at its block, "" if nothing does."""

    number: int
    heading: str


class Fields(msgspec.Struct, frozen=True):
    """What a document asks for, in reading order.

    `fields` are the first `MAX_FIELDS` of `total`. `pages_read` of the `pages` had anything to look at;
    `pages_skipped` of them, the first ones of a very long document, were not looked at.
    """

    fields: tuple[Field, ...]
    owners: tuple[Owner, ...]
    total: int
    pages: int
    pages_read: int
    pages_skipped: int = 0
