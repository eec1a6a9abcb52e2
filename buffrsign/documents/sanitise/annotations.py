"""Annotations that play, turn or hand out something: what they show stays on the page, as a stamp."""

from pikepdf import Array, Dictionary, Name, Object, Stream

from buffrsign.documents.sanitise.active import Active, Tally

_SUBTYPES = {
    "/FileAttachment": Active.FILE_ANNOTATION,
    "/3D": Active.MEDIA,
    "/Movie": Active.MEDIA,
    "/RichMedia": Active.MEDIA,
    "/Screen": Active.MEDIA,
    "/Sound": Active.MEDIA,
}
_ACTIVE_PARTS = (
    "/FS",
    "/3DA",
    "/3DD",
    "/3DI",
    "/3DU",
    "/3DV",
    "/Movie",
    "/RichMediaContent",
    "/RichMediaSettings",
    "/Sound",
)


def strip_annotation(node: Object, tally: Tally) -> None:
    """Take from such an annotation what it plays or hands out, and make a stamp of it, which shows and does nothing.

    One that has no picture of its own (`/AP`) cannot become one: programs would draw a stamp of theirs. It is only
    emptied here, and leaves its page by `strip_page`.
    """
    subtype = str(node.get("/Subtype"))
    if subtype not in _SUBTYPES or "/Rect" not in node:
        return
    tally[_SUBTYPES[subtype]] += 1
    for part in _ACTIVE_PARTS:
        if part in node:
            del node[part]
    if "/AP" in node:
        node["/Subtype"] = Name("/Stamp")


def strip_page(node: Object) -> None:
    """Take such annotations without a picture off their page: for PDFium they showed nothing."""
    annotations = node.get("/Annots")
    if not isinstance(annotations, Array):
        return
    staying = [each for each in annotations if not _is_empty(each)]
    if len(staying) < len(annotations):
        node["/Annots"] = Array(staying)


def _is_empty(annotation: object) -> bool:
    return (
        isinstance(annotation, Dictionary | Stream)
        and str(annotation.get("/Subtype")) in _SUBTYPES
        and "/Rect" in annotation
        and "/AP" not in annotation
    )
