"""Form fields put on a document that fpdf2 wrote, which cannot write any itself."""

from dataclasses import dataclass
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, RectangleObject, TextStringObject

_PRINTED = 4  # annotation flag, ISO 32000-2, 12.5.3


@dataclass(frozen=True)
class Widget:
    """A field with one widget. `page` counts from 0; `form_type` is its `/FT`."""

    page: int
    name: str
    form_type: str
    rect: RectangleObject
    tooltip: str = ""


def with_widgets(data: bytes, widgets: list[Widget]) -> bytes:
    """The document with these form fields."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    references = []
    for widget in widgets:
        reference = writer._add_object(_annotation(widget))  # noqa: SLF001 - pypdf's own forms come without signatures
        writer.pages[widget.page].setdefault(NameObject("/Annots"), ArrayObject()).append(reference)
        references.append(reference)
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject(references)})
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def _annotation(widget: Widget) -> DictionaryObject:
    entries = {
        NameObject("/Type"): NameObject("/Annot"),
        NameObject("/Subtype"): NameObject("/Widget"),
        NameObject("/FT"): NameObject(widget.form_type),
        NameObject("/T"): TextStringObject(widget.name),
        NameObject("/Rect"): widget.rect,
        NameObject("/F"): NumberObject(_PRINTED),
    }
    if widget.tooltip:
        entries[NameObject("/TU")] = TextStringObject(widget.tooltip)
    return DictionaryObject(entries)
