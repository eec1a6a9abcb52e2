"""The fields of a document's own form: where their widgets stand, and what their names ask for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pypdf import PageObject, PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, NullObject, PdfObject

from buffrsign.documents.fields.field import FieldType, Rect
from buffrsign.documents.fields.vocabulary import kind_of
from buffrsign.documents.structure import fields as refuse_endless_trees

MAX_WIDGETS = 2000
_MAX_ANCESTORS = 20
_HIDDEN = 2 | 32  # annotation flags Hidden and NoView, ISO 32000-2, 12.5.3
_PUSH_BUTTON = 1 << 16  # field flag, ISO 32000-2, 12.7.5.2
_WORDS = re.compile(r"[A-Z]?[a-zäöüß]+|[A-Z]+(?![a-zäöüß])")


@dataclass(frozen=True)
class Widget:
    """One widget. `rect` is in the page's own coordinates; `kind` is None where the names say nothing."""

    page: int
    rect: Rect
    form_type: str
    kind: FieldType | None
    filled: bool


def widgets_of(reader: PdfReader) -> list[Widget]:
    """The widgets that are shown, page by page, at most `MAX_WIDGETS`; `page` counts from 1.

    Raises:
        Refused: the field tree has too many branches.
    """
    refuse_endless_trees(reader)
    found = (widget for number, page in enumerate(reader.pages, start=1) for widget in _on_page(number, page))
    return list(islice(found, MAX_WIDGETS))


def _on_page(number: int, page: PageObject) -> Iterator[Widget]:
    annotations = _value(page, "/Annots")
    if not isinstance(annotations, ArrayObject):
        return
    for item in islice(annotations, MAX_WIDGETS):
        node = item.get_object()
        if isinstance(node, DictionaryObject) and str(_value(node, "/Subtype")) == "/Widget":
            widget = _widget(number, node)
            if widget is not None:
                yield widget


def _widget(number: int, node: DictionaryObject) -> Widget | None:
    chain = _chain(node)
    form_type = str(_inherited(chain, "/FT"))
    rect = _rect(node)
    is_button = form_type == "/Btn" and bool(_integer(_inherited(chain, "/Ff")) & _PUSH_BUTTON)
    if rect is None or is_button or _integer(_value(node, "/F")) & _HIDDEN:
        return None
    return Widget(number, rect, form_type, _kind(form_type, chain), _is_filled(form_type, node, chain))


def _chain(node: DictionaryObject) -> list[DictionaryObject]:
    """The widget and the fields above it, which may be a circle in a bad file."""
    chain = [node]
    while len(chain) < _MAX_ANCESTORS:
        parent = _value(chain[-1], "/Parent")
        if not isinstance(parent, DictionaryObject):
            break
        chain.append(parent)
    return chain


def _inherited(chain: list[DictionaryObject], key: str) -> PdfObject:
    return next((_value(node, key) for node in chain if key in node), NullObject())


def _kind(form_type: str, chain: list[DictionaryObject]) -> FieldType | None:
    if form_type == "/Sig":
        return FieldType.SIGNATURE
    if form_type == "/Btn":
        return FieldType.CHECKBOX
    names = [_inherited(chain, "/TU"), *(_value(node, "/T") for node in chain)]
    return next((kind for name in names if (kind := kind_of(_spaced(str(name)))) is not None), None)


def _spaced(name: str) -> str:
    """`date_signed_1` and `FullName` as words."""
    return " ".join(_WORDS.findall(name[:200])).lower()


def _is_filled(form_type: str, node: DictionaryObject, chain: list[DictionaryObject]) -> bool:
    value = _inherited(chain, "/V")
    if form_type == "/Btn":
        return str(_value(node, "/AS")) not in {"/Off", str(NullObject())}
    return not isinstance(value, NullObject) and str(value) != ""


def _rect(node: DictionaryObject) -> Rect | None:
    """Its place; None where it takes none, as that of an invisible signature."""
    corners = _value(node, "/Rect")
    if not isinstance(corners, ArrayObject) or len(corners) != 4:
        return None
    x0, y0, x1, y1 = (float(str(corner.get_object())) for corner in corners)
    return (x0, y0, x1, y1) if abs(x1 - x0) >= 2 and abs(y1 - y0) >= 2 else None


def _integer(value: PdfObject) -> int:
    return int(value) if isinstance(value, int) else 0


def _value(holder: DictionaryObject, key: str) -> PdfObject:
    value = holder.get(key, NullObject()).get_object()
    return NullObject() if value is None else value
