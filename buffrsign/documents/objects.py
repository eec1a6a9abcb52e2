"""What a PDF's objects hold, asked without trusting them: what is not of the kind asked for counts as not there."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NullObject, PdfObject

MAX_LOOKED_AT = 50_000


class Glance:
    """Which objects of a document were looked at already, and how many more may be.

    Each object counts once however often it is referred to, so cycles end. Objects are told apart by identity, so they
    are kept: that of one that is gone may be given to another.
    """

    def __init__(self, most: int = MAX_LOOKED_AT) -> None:
        self._left = most
        self._seen: dict[int, PdfObject] = {}

    def is_first_at(self, found: PdfObject) -> bool:
        """Whether the object is new and may be looked at. It then counts as seen."""
        if self._left <= 0 or id(found) in self._seen:
            return False
        self._left -= 1
        self._seen[id(found)] = found
        return True

    @property
    def is_spent(self) -> bool:
        """Whether some objects may not have been looked at."""
        return self._left <= 0


def value(holder: DictionaryObject, key: str) -> PdfObject:
    """The entry itself, whatever refers to it; null where there is none."""
    return _itself(holder.get(key, NullObject()))


def dictionary(holder: DictionaryObject, key: str) -> DictionaryObject:
    """The entry if it is a dictionary or a stream, else an empty one."""
    found = value(holder, key)
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def name(holder: DictionaryObject, key: str) -> str:
    """The entry without its slash if it is a name, else nothing."""
    found = value(holder, key)
    return found.removeprefix("/") if isinstance(found, NameObject) else ""


def whole(holder: DictionaryObject, key: str) -> int:
    """The entry if it is a number, cut to a whole one, else 0."""
    found: Any = value(holder, key)
    return int(found) if isinstance(found, int | float) and isfinite(found) else 0


def elements(holder: DictionaryObject, key: str) -> Iterator[PdfObject]:
    """The elements of the entry if it is an array; they are read one by one."""
    found = value(holder, key)
    return map(_itself, found) if isinstance(found, ArrayObject) else iter(())


def dictionaries(holder: DictionaryObject, key: str) -> Iterator[DictionaryObject]:
    """Those elements of the array that are dictionaries."""
    return (found for found in elements(holder, key) if isinstance(found, DictionaryObject))


def entries(holder: DictionaryObject, key: str) -> Iterator[DictionaryObject]:
    """Those entries of the dictionary that are dictionaries themselves, such as the fonts of a page."""
    inner = dictionary(holder, key)
    return (found for found in (value(inner, each) for each in inner) if isinstance(found, DictionaryObject))


def in_tree(holder: DictionaryObject, key: str, glance: Glance) -> Iterator[DictionaryObject]:
    """The dictionaries that a name tree leads to (ISO 32000-2, 7.9.6)."""
    waiting = [dictionary(holder, key)]
    while waiting:
        node = waiting.pop()
        if not glance.is_first_at(node):
            continue
        yield from dictionaries(node, "/Names")
        waiting += dictionaries(node, "/Kids")


def _itself(found: Any) -> PdfObject:
    resolved = found.get_object()
    return NullObject() if resolved is None else resolved
