"""Documents with what acts in them, written by hand, so that each holds one thing and nobody has cleaned it."""

from functools import cache

from buffrsign.documents import Active
from tests.support.pdfs import numbered

_PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R %s >>"
_SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
_LAUNCH = b"<< /S /Launch /F (evil.exe) >>"
_DRAWN = b"/Resources << /XObject << /X 5 0 R >> >>"
_FILE = b"<< /Type /Filespec /F (a.bin) /UF (a.bin) /EF << /F 9 0 R >> >>"


@cache
def document(*objects: bytes, catalog: bytes = b"", page: bytes = b"") -> bytes:
    """A page with a black box on it; `objects` are numbered from 5."""
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        _PAGES,
        _PAGE % page,
        stream(b"", b"0 g 10 10 30 30 re f"),
        *objects,
    )


def stream(entries: bytes, data: bytes) -> bytes:
    """The body of a stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def link(action: bytes) -> bytes:
    """A page whose one link does this."""
    return document(page=b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A %s >>]" % action)


def annotation(subtype: bytes, parts: bytes = b"", *, picture: bool) -> bytes:
    """A page with an annotation that is a red box, if it has a picture of its own."""
    look = b"/AP << /N 5 0 R >>" if picture else b""
    about = b"<< /Type /Annot /Subtype %s /Rect [50 50 90 90] %s %s >>" % (subtype, parts, look)
    box = stream(b"/Type /XObject /Subtype /Form /BBox [0 0 40 40]", b"1 0 0 rg 0 0 40 40 re f")
    return document(box, b"null", b"null", b"null", stream(b"", b"bytes"), page=b"/Annots [%s]" % about)


def with_embedded_file(catalog: bytes, page: bytes = b"") -> bytes:
    """A document with a file specification, 8 0 R, of an embedded file, 9 0 R."""
    nothing = (b"null", b"null", b"null")
    return document(*nothing, _FILE, stream(b"/Type /EmbeddedFile", b"bytes"), catalog=catalog, page=page)


def with_field(entries: bytes, *objects: bytes, form: bytes = b"") -> bytes:
    """A form with one text field that has a value; the field is 5 0 R, `objects` are numbered from 6."""
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Anna) /Rect [50 50 90 90] %s >>" % entries
    return document(field, *objects, catalog=b"/AcroForm << /Fields [5 0 R] %s >>" % form, page=b"/Annots [5 0 R]")


def hidden_where_a_name_is_lost() -> bytes:
    """A page whose picture hangs on a layer that is off, and whose name looks like additional actions."""
    layer = b"<< /Type /OCG /Name (off) /O << /S /Hide >> >>"
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] >> >> >>",
        _PAGES,
        _PAGE % b"/Resources << /Properties << /AA 5 0 R >> >>",
        stream(b"", b"/OC /AA BDC 0 g 10 10 30 30 re f EMC"),
        layer,
    )


ACTIVE: dict[str, tuple[bytes, dict[Active, int]]] = {
    "script at opening": (document(catalog=b"/OpenAction %s" % _SCRIPT), {Active.JAVASCRIPT: 1}),
    "script at opening, in an object": (document(_SCRIPT, catalog=b"/OpenAction 5 0 R"), {Active.JAVASCRIPT: 1}),
    "script under an escaped name": (link(b"<< /#53 /Java#53cript /J#53 (x) >>"), {Active.JAVASCRIPT: 1}),
    "script in a stream": (
        document(b"<< /S /JavaScript /JS 6 0 R >>", stream(b"", b"app.alert(1)"), catalog=b"/OpenAction 5 0 R"),
        {Active.JAVASCRIPT: 1},
    ),
    "script before closing": (document(catalog=b"/AA << /WC %s >>" % _SCRIPT), {Active.JAVASCRIPT: 1}),
    "script when a page is turned to": (document(page=b"/AA << /O %s >>" % _SCRIPT), {Active.JAVASCRIPT: 1}),
    "script of a field": (with_field(b"/AA << /K %s /C %s >>" % (_SCRIPT, _SCRIPT)), {Active.JAVASCRIPT: 2}),
    "scripts of the document": (
        document(
            b"<< /Kids [6 0 R 7 0 R] >>",
            b"<< /Names [(a) %s] >>" % _SCRIPT,
            b"<< /Names [(b) 8 0 R] >>",
            _SCRIPT,
            catalog=b"/Names << /JavaScript 5 0 R >>",
        ),
        {Active.JAVASCRIPT: 2},
    ),
    "script of a bookmark": (
        document(
            b"<< /First 6 0 R /Last 6 0 R /Count 1 >>",
            b"<< /Title (click) /Parent 5 0 R /A %s >>" % _SCRIPT,
            catalog=b"/Outlines 5 0 R",
        ),
        {Active.JAVASCRIPT: 1},
    ),
    "script behind a link": (
        link(b"<< /S /URI /URI (https://example.com/) /Next [<< /S /GoTo /D [3 0 R /Fit] /Next %s >>] >>" % _SCRIPT),
        {Active.JAVASCRIPT: 1},
    ),
    "script of a film": (link(b"<< /S /Rendition /JS (x) /R << /S /MR >> >>"), {Active.JAVASCRIPT: 1, Active.MEDIA: 1}),
    "program": (link(_LAUNCH), {Active.LAUNCH: 1}),
    "programs in a circle": (
        document(b"<< /S /Launch /F (a) /Next 5 0 R >>", catalog=b"/OpenAction 5 0 R"),
        {Active.LAUNCH: 1},
    ),
    "another document": (link(b"<< /S /GoToR /F (b.pdf) /D [0 /Fit] >>"), {Active.OTHER_DOCUMENT: 1}),
    "embedded document": (link(b"<< /S /GoToE /T << /R /C /N (b.pdf) >> >>"), {Active.OTHER_DOCUMENT: 1}),
    "form that is sent": (link(b"<< /S /SubmitForm /F (https://example.com/) >>"), {Active.FORM_DATA: 1}),
    "form that is filled": (link(b"<< /S /ImportData /F (a.fdf) >>"), {Active.FORM_DATA: 1}),
    "hiding": (link(b"<< /S /Hide /T (name) >>"), {Active.OTHER_ACTION: 1}),
    "printing": (link(b"<< /S /Named /N /Print >>"), {Active.OTHER_ACTION: 1}),
    "action of next year": (link(b"<< /S /Teleport >>"), {Active.OTHER_ACTION: 1}),
    "link to a script": (link(b"<< /S /URI /URI (javascript:alert\\(1\\)) >>"), {Active.UNSAFE_LINK: 1}),
    "link to a file": (link(b"<< /S /URI /URI (file:///etc/passwd) >>"), {Active.UNSAFE_LINK: 1}),
    "link to a share": (link(b"<< /S /URI /URI (\\\\\\\\host\\\\share) >>"), {Active.UNSAFE_LINK: 1}),
    "step of a presentation": (
        document(page=b"/PresSteps << /NA %s /PA %s >>" % (_LAUNCH, _LAUNCH)),
        {Active.LAUNCH: 2},
    ),
    "embedded file": (
        with_embedded_file(b"/Names << /EmbeddedFiles << /Names [(a.bin) 8 0 R] >> >> /Collection << /View /D >>"),
        {Active.EMBEDDED_FILE: 1},
    ),
    "file of the document": (with_embedded_file(b"/AF [8 0 R]"), {Active.EMBEDDED_FILE: 1}),
    "file of a page": (with_embedded_file(b"", b"/AF 8 0 R"), {Active.EMBEDDED_FILE: 1}),
    "file on a page": (
        annotation(b"/FileAttachment", b"/FS %s" % _FILE, picture=True),
        {Active.EMBEDDED_FILE: 1, Active.FILE_ANNOTATION: 1},
    ),
    "file on a page, not shown": (
        annotation(b"/FileAttachment", b"/FS %s" % _FILE, picture=False),
        {Active.EMBEDDED_FILE: 1, Active.FILE_ANNOTATION: 1},
    ),
    "picture in another file": (
        document(stream(b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /F (evil.bin)", b"0 0 9 9 re f"), page=_DRAWN),
        {Active.EXTERNAL_DATA: 1},
    ),
    "page of another file": (
        document(
            stream(b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Ref << /F (evil.pdf) /Page 0 >>", b"0 0 9 9 re f"),
            page=_DRAWN,
        ),
        {Active.EXTERNAL_DATA: 1},
    ),
    "XFA": (with_field(b"", stream(b"", b"<xdp/>"), form=b"/XFA 6 0 R"), {Active.XFA: 1}),
    "film": (annotation(b"/Movie", b"/Movie << /F (a.avi) >>", picture=True), {Active.MEDIA: 1}),
    "sound": (annotation(b"/Sound", b"/Sound 9 0 R", picture=False), {Active.MEDIA: 1}),
    "rich media": (
        annotation(b"/RichMedia", b"/RichMediaContent << /Assets 9 0 R >>", picture=True),
        {Active.MEDIA: 1},
    ),
    "solid": (annotation(b"/3D", b"/3DD 9 0 R /3DV (Default)", picture=True), {Active.MEDIA: 1}),
    "screen": (
        annotation(b"/Screen", b"/A << /S /Rendition /OP 0 /AN 5 0 R >>", picture=True),
        {Active.MEDIA: 2},
    ),
    "subtype in an object": (
        document(
            stream(b"/Type /XObject /Subtype /Form /BBox [0 0 40 40]", b"1 0 0 rg 0 0 40 40 re f"),
            b"/Movie",
            page=b"/Annots [<< /Subtype 6 0 R /Rect [50 50 90 90] /Movie << /F (a.avi) >> /AP << /N 5 0 R >> >>]",
        ),
        {Active.MEDIA: 1},
    ),
}
"""Each with what must be found in it."""

_NAMED_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
HARMLESS: dict[str, tuple[bytes, bytes]] = {
    "web link": (link(b"<< /S /URI /URI (https://example.com/) >>"), b"https://example.com/"),
    "mail link": (link(b"<< /S /URI /URI (mailto:a@example.com) >>"), b"mailto:a@example.com"),
    "web link as people type it": (link(b"<< /S /URI /URI (www.example.com) >>"), b"www.example.com"),
    "link that was one within a web page": (link(b"<< /S /URI /URI (#part-2) >>"), b"#part-2"),
    "jump": (link(b"<< /S /GoTo /D [3 0 R /Fit] >>"), b"/GoTo"),
    "next page": (link(b"<< /S /Named /N /NextPage >>"), b"/NextPage"),
    "place to open at": (document(catalog=b"/OpenAction [3 0 R /Fit]"), b"/OpenAction"),
    "names of places": (document(catalog=b"/Names << /Dests << /Names [(a) [3 0 R /Fit]] >> >>"), b"/Dests"),
    "value of a field": (with_field(b""), b"(Anna)"),
    "layout of a table": (
        document(catalog=b"/StructTreeRoot << /K << /S /Table /A << /O /Layout /Width 9 >> >> >>"),
        b"/Layout",
    ),
    "fonts with such names": (
        document(
            _NAMED_FONT,
            page=b"/Resources << /Font << /A 5 0 R /AA 5 0 R /AF 5 0 R /EF 5 0 R /JS 5 0 R >> >>",
        ),
        b"/A 5 0 R /AA 5 0 R /AF 5 0 R /EF 5 0 R /JS 5 0 R",
    ),
}
"""Each with what must still be there."""
