"""What the objects of a PDF say about it, read with pypdf within limits and without starting any other program."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from pypdf import PdfReader, apply_configuration
from pypdf.errors import LimitReachedError
from pypdf.generic import ArrayObject, DictionaryObject, NullObject, PdfObject

from buffrsign.documents.border import Refused
from buffrsign.documents.outcome import MAX_PAGES, Reason

MAX_FIELDS = 20_000
_MAX_NODES = 2 * MAX_PAGES  # pages and the branches that hold them


@contextmanager
def reading(data: bytes) -> Iterator[PdfReader]:
    """A reader of the document. Inside the block, pypdf MUST NOT start `jbig2dec`, which it does where it finds it."""
    with (
        apply_configuration(
            jbig2dec_binary=None, page_tree_maximum_entries=_MAX_NODES, page_tree_maximum_depth=_MAX_NODES
        ),
        PdfReader(BytesIO(data)) as reader,
    ):
        yield reader


def count_pages(reader: PdfReader) -> int:
    """The pages that are really there, whatever `/Count` claims.

    Raises:
        Refused: there are none, or more than `MAX_PAGES`; counting stops soon after that many.
    """
    try:
        pages = len(reader.pages)
    except LimitReachedError as error:
        raise Refused(Reason.TOO_MANY_PAGES) from error
    if pages > MAX_PAGES:
        raise Refused(Reason.TOO_MANY_PAGES)
    if pages == 0:
        raise Refused(Reason.DAMAGED)
    return pages


@dataclass(frozen=True)
class Field:
    """A node of the form's field tree. `signs` means that it is, or its kids are, a signature field."""

    node: DictionaryObject
    signs: bool


def fields(reader: PdfReader) -> list[Field]:
    """Every node of the form's field tree, as often as it hangs in the tree.

    PDFium walks this tree without a memory, for hours where branches are shared at many levels.

    Raises:
        Refused: there are more than `MAX_FIELDS`, which is also how a cycle ends.
    """
    found: list[Field] = []
    waiting = _below(_form(reader), "/Fields", signs=False)
    while waiting:
        if len(found) + len(waiting) > MAX_FIELDS:
            raise Refused(Reason.DAMAGED)
        field = waiting.pop()
        found.append(field)
        waiting += _below(field.node, "/Kids", signs=field.signs)
    return found


def has_xfa(reader: PdfReader) -> bool:
    """Whether the document has an XFA form."""
    return not isinstance(_value(_form(reader), "/XFA"), NullObject)


def is_signature(field: Field) -> bool:
    """Whether the field holds a signature; whether that is valid is not asked (ISO 32000-2, 12.7.5.5)."""
    return field.signs and isinstance(_value(field.node, "/V"), DictionaryObject)


def _below(holder: DictionaryObject, key: str, *, signs: bool) -> list[Field]:
    array = _value(holder, key)
    if not isinstance(array, ArrayObject):
        return []
    nodes = [item.get_object() for item in array]
    return [Field(node, _signs(node, inherited=signs)) for node in nodes if isinstance(node, DictionaryObject)]


def _signs(node: DictionaryObject, *, inherited: bool) -> bool:
    return str(_value(node, "/FT")) == "/Sig" if "/FT" in node else inherited


def _form(reader: PdfReader) -> DictionaryObject:
    form = _value(reader.root_object, "/AcroForm")
    return form if isinstance(form, DictionaryObject) else DictionaryObject()


def _value(holder: DictionaryObject, key: str) -> PdfObject:
    value = holder.get(key, NullObject()).get_object()
    return NullObject() if value is None else value
