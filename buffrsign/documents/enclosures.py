"""Files within the document: how many, how large, and of what kind, by the ending of their names."""

import re
from collections.abc import Iterator

import msgspec
from pypdf.generic import DictionaryObject, StreamObject, TextStringObject

from buffrsign.documents.objects import Glance, dictionaries, dictionary, in_tree, value, whole

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}\Z")


class EmbeddedFile(msgspec.Struct, frozen=True):
    """A file in the file. `ending` (`.xml`) is all that is kept of its name, which may name people.

    `size_bytes` is what the document says of it, if it does.
    """

    ending: str
    size_bytes: int | None


def embedded_in_names(catalog: DictionaryObject, glance: Glance) -> Iterator[EmbeddedFile]:
    """Those that belong to the document: in its name tree, or associated with it (ISO 32000-2, 7.11.4 and 14.13)."""
    for specification in in_tree(dictionary(catalog, "/Names"), "/EmbeddedFiles", glance):
        yield from embedded(specification, glance)
    for specification in dictionaries(catalog, "/AF"):
        yield from embedded(specification, glance)


def embedded(specification: DictionaryObject, glance: Glance) -> Iterator[EmbeddedFile]:
    """The file that this specification holds, unless it was seen before or lies elsewhere."""
    stream = _stream(specification)
    if stream is not None and glance.is_first_at(stream):
        size = whole(dictionary(stream, "/Params"), "/Size")
        yield EmbeddedFile(_ending(specification), size if size > 0 else None)


def _stream(specification: DictionaryObject) -> StreamObject | None:
    held = dictionary(specification, "/EF")
    found = (value(held, key) for key in ("/UF", "/F"))
    return next((each for each in found if isinstance(each, StreamObject)), None)


def _ending(specification: DictionaryObject) -> str:
    for key in ("/UF", "/F"):
        called = value(specification, key)
        if isinstance(called, TextStringObject) and (ending := _ENDING.search(called.strip())):
            return ending.group().lower()
    return ""
