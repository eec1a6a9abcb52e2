"""Where a document asks for signatures, initials, dates, names, places and ticks, and of whom."""

from buffrsign.documents.fields.field import MAX_FIELDS, Field, Fields, FieldType, Owner, Rect
from buffrsign.documents.fields.find import find_fields

__all__ = ["MAX_FIELDS", "Field", "FieldType", "Fields", "Owner", "Rect", "find_fields"]
