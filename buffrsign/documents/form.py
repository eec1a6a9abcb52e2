"""What a document's form asks for: how many fields of each type, and not what they are called or hold."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from buffrsign.documents.objects import dictionaries
from buffrsign.documents.structure import Field

_RADIO, _PUSH_BUTTON = 1 << 15, 1 << 16  # ISO 32000-2, table 229


class FieldType(StrEnum):
    """What can be done with a field (ISO 32000-2, 12.7.5)."""

    TEXT = "text"
    CHECKBOX = "checkbox"
    RADIO = "radio"
    BUTTON = "button"
    CHOICE = "choice"
    SIGNATURE = "signature"
    OTHER = "other"


class Form(msgspec.Struct, frozen=True):
    """How many fields with a name there are of each type. `xfa`: there is an XFA form as well, or nothing else."""

    fields: dict[FieldType, int]
    xfa: bool


def form_of(found: Sequence[Field], *, xfa: bool) -> Form | None:
    """The form that these nodes are, None where there is none of either kind."""
    counts = Counter(_type(field) for field in found if field.kind and _is_field(field))
    return Form(dict(sorted(counts.items())), xfa) if found or xfa else None


def _is_field(field: Field) -> bool:
    """A node with a name that holds no other with one: those without are the places where a field is shown."""
    return "/T" in field.node and not any("/T" in kid for kid in dictionaries(field.node, "/Kids"))


def _type(field: Field) -> FieldType:
    match field.kind:
        case "Btn" if field.flags & _PUSH_BUTTON:
            return FieldType.BUTTON
        case "Btn":
            return FieldType.RADIO if field.flags & _RADIO else FieldType.CHECKBOX
        case "Tx":
            return FieldType.TEXT
        case "Ch":
            return FieldType.CHOICE
        case "Sig":
            return FieldType.SIGNATURE
    return FieldType.OTHER
