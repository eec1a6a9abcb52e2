"""Files within the file, wherever they hang, and what only the catalog has: trees of names, XFA and the like."""

from pikepdf import Array, Dictionary, Object, Stream, String

from buffrsign.documents.sanitise.active import Active, Tally

_NAMES_OF_A_FILE = ("/F", "/UF", "/DOS", "/Mac", "/Unix")
_TREES = ("/JavaScript", "/EmbeddedFiles", "/Renditions", "/AlternatePresentations")
_OF_THE_CATALOG = ("/Collection", "/Requirements", "/NeedsRendering", "/URI")
"""A portfolio's view of its files; what a reader must be able to do, with scripts that ask; XFA alone draws the pages;
what addresses without a scheme are completed with."""


def strip_files(node: Object, tally: Tally) -> None:
    """Take the embedded files out of a file specification (7.11.4), and the files that belong to an object off it.

    Fonts and pictures may be named `/EF` and `/AF`, so what lies there decides as well.
    """
    files = node.get("/EF")
    if isinstance(files, Dictionary) and any(isinstance(files.get(name), Stream) for name in _NAMES_OF_A_FILE):
        del node["/EF"]
        tally[Active.EMBEDDED_FILE] += 1
    belonging = node.get("/AF")
    if any(map(_is_specification, belonging if isinstance(belonging, Array) else [belonging])):
        del node["/AF"]


def strip_external_data(node: Object, tally: Tally) -> None:
    """Take from a stream the name of the file that holds its bytes (7.3.8.2), and from a form that of the page it shows
    (8.10.4). PDFium never looks there, so what it draws is what everybody sees then.
    """
    if "/Length" not in node:
        return
    for key in ("/F", "/Ref"):
        if isinstance(node.get(key), String | Dictionary):
            del node[key]
            tally[Active.EXTERNAL_DATA] += 1


def _is_specification(value: object) -> bool:
    return isinstance(value, Dictionary) and any(key in value for key in ("/EF", *_NAMES_OF_A_FILE))


def strip_catalog(catalog: Object, tally: Tally) -> None:
    """Take away the trees that name scripts, files and media, and XFA. The ordinary form stays, with its values."""
    if isinstance(names := catalog.get("/Names"), Dictionary):
        for tree in _TREES:
            if tree in names:
                del names[tree]
    form = catalog.get("/AcroForm")
    if isinstance(form, Dictionary) and "/XFA" in form:
        del form["/XFA"]
        tally[Active.XFA] += 1
    for key in _OF_THE_CATALOG:
        if key in catalog:
            del catalog[key]
