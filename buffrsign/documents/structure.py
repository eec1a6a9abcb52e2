"""What the objects of a PDF say about it, read with pypdf within limits and without starting any other program."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from pypdf import PdfReader, apply_configuration
from pypdf.errors import LimitReachedError, PdfReadError
from pypdf.generic import DictionaryObject, NullObject

from buffrsign.documents.border import Refused
from buffrsign.documents.objects import dictionaries, dictionary, name, value, whole
from buffrsign.documents.outcome import MAX_PAGES, Reason

MAX_FIELDS = 20_000
_MAX_NODES = 2 * MAX_PAGES  # pages and the branches that hold them
_OF_THE_PAGE_TREE = "page tree"
_MOST_SEARCHED_BYTES = 64 * 1024 * 1024  # a quarter of a second


class SearchedTooMuch(Exception):
    """pypdf looks for so many objects at other places than the file says that it would be at it for minutes."""


class _Searched(BytesIO):
    """A file that notices how much of it is searched: pypdf asks for all of its bytes to find one lost object."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data = data
        self._searched_bytes = 0

    def getbuffer(self) -> memoryview:
        """All of its bytes, to be read only: `BytesIO` would copy them, so that they could be changed."""
        if self._searched_bytes >= _MOST_SEARCHED_BYTES:
            raise SearchedTooMuch
        self._searched_bytes += len(self._data)
        return memoryview(self._data)


@contextmanager
def reading(data: bytes, *, strict: bool = False) -> Iterator[PdfReader]:
    """A reader of the document; a strict one raises where another would mend what it reads.

    Inside the block, pypdf MUST NOT start `jbig2dec`, which it does where it finds it, and `SearchedTooMuch` is raised
    where the file's cross references are so wrong that another parser does better.
    """
    with (
        apply_configuration(
            jbig2dec_binary=None, page_tree_maximum_entries=_MAX_NODES, page_tree_maximum_depth=_MAX_NODES
        ),
        PdfReader(_Searched(data), strict=strict) as reader,
    ):
        yield reader


def count_pages(reader: PdfReader) -> int:
    """The pages that are really there, whatever `/Count` claims.

    Raises:
        Refused: there are more than `MAX_PAGES`; counting stops soon after that many.
        PdfReadError: there are none.
    """
    try:
        pages = len(reader.pages)
    except LimitReachedError as error:
        if _OF_THE_PAGE_TREE not in str(error):  # some other limit of pypdf's, which says nothing about pages
            raise
        raise Refused(Reason.TOO_MANY_PAGES) from error
    if pages > MAX_PAGES:
        raise Refused(Reason.TOO_MANY_PAGES)
    if pages == 0:
        raise PdfReadError("no page hangs in the page tree")
    return pages


@dataclass(frozen=True)
class Field:
    """A node of the form's field tree. `kind` (`Sig`, `Tx`, …) and `flags` (`/Ff`) may come from a node above it."""

    node: DictionaryObject
    kind: str
    flags: int

    @property
    def signs(self) -> bool:
        """Whether it is, or its kids are, a signature field."""
        return self.kind == "Sig"


def fields(reader: PdfReader) -> list[Field]:
    """Every node of the form's field tree, as often as it hangs in the tree.

    PDFium walks this tree without a memory, for hours where branches are shared at many levels.

    Raises:
        Refused: there are more than `MAX_FIELDS`, which is also how a cycle ends.
    """
    found: list[Field] = []
    waiting = _below(_form(reader), "/Fields", kind="", flags=0)
    while waiting:
        if len(found) + len(waiting) > MAX_FIELDS:
            raise Refused(Reason.DAMAGED)
        field = waiting.pop()
        found.append(field)
        waiting += _below(field.node, "/Kids", kind=field.kind, flags=field.flags)
    return found


def has_xfa(reader: PdfReader) -> bool:
    """Whether the document has an XFA form."""
    return not isinstance(value(_form(reader), "/XFA"), NullObject)


def is_signature(field: Field) -> bool:
    """Whether the field holds a signature; whether that is valid is not asked (ISO 32000-2, 12.7.5.5)."""
    return field.signs and isinstance(value(field.node, "/V"), DictionaryObject)


def _below(holder: DictionaryObject, key: str, *, kind: str, flags: int) -> list[Field]:
    return [
        Field(
            node,
            kind=name(node, "/FT") if "/FT" in node else kind,
            flags=whole(node, "/Ff") if "/Ff" in node else flags,
        )
        for node in dictionaries(holder, key)
    ]


def _form(reader: PdfReader) -> DictionaryObject:
    return dictionary(reader.root_object, "/AcroForm")
