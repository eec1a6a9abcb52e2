"""Small PDFs, good and bad: made with libraries where those can make them, by hand where they refuse.

The two in `pdf_files/` were made with pypdf 7.1 and cryptography, which the project does not otherwise need.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    RectangleObject,
    TextStringObject,
)

_FILES = Path(__file__).with_name("pdf_files")

EMPTY = b""
NOT_A_PDF = b"GIF89a, and then nothing that a picture could be made of"


@cache
def plain(*, pages: int = 1, text: str = "I agree to these terms.") -> bytes:
    """A4 pages with one line of text each."""
    document = FPDF(format="A4")
    document.set_font("Helvetica", size=14)
    for number in range(1, pages + 1):
        document.add_page()
        document.cell(0, 10, f"{text} Page {number}.")
    return bytes(document.output())


@cache
def picture_only() -> bytes:
    """A page that holds a picture and no text, like a scan."""
    document = FPDF(format="A4")
    document.add_page()
    document.image(Image.new("RGB", (60, 20), "navy"), x=20, y=20, w=60)
    return bytes(document.output())


@cache
def rotated() -> bytes:
    """A page of 400 by 200 points, shown upright at 200 by 400, with a red band where the reader sees the top."""
    writer = PdfWriter()
    page = writer.add_blank_page(400, 200)
    _draw(writer, "1 0 0 rg 0 0 40 200 re f")
    page.rotate(90)
    return _written(writer)


@cache
def cropped() -> bytes:
    """A page of 400 by 400 points of which 200 by 100 are shown: blue inside, red around it."""
    writer = PdfWriter()
    page = writer.add_blank_page(400, 400)
    _draw(writer, "1 0 0 rg 0 0 400 400 re f 0 0 1 rg 100 100 200 100 re f")
    page.cropbox = RectangleObject((100, 100, 300, 200))
    return _written(writer)


@cache
def with_page_size(*, width: float, height: float) -> bytes:
    """One empty page of this size, in points."""
    writer = PdfWriter()
    writer.add_blank_page(width, height)
    return _written(writer)


@cache
def of_pages(*pages: bytes | None, height: int = 100) -> bytes:
    """Pages 100 points wide that draw this; None is a page of whose object nothing is in the file."""
    kids = [3 + 2 * position if page is not None else 9999 for position, page in enumerate(pages)]
    objects: list[bytes] = []
    for position, page in enumerate(pages):
        drawn = page or b""
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 %d] /Contents %d 0 R >>" % (height, 4 + 2 * position),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        ]
    named = b" ".join(b"%d 0 R" % kid for kid in kids)
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (named, len(pages)),
        *objects,
    )


@cache
def with_media_box(box: bytes) -> bytes:
    """One empty page whose media box is spelt so."""
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] >>" % box,
    )


@cache
def without_pages() -> bytes:
    """A document whose page tree is empty."""
    return numbered(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>")


@cache
def encrypted(*, user_password: str = "", algorithm: str = "RC4-128") -> bytes:
    """The plain document behind a password, or, with the empty one, protected but open to every reader."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(plain())))
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm=algorithm)
    return _written(writer)


def aes256_with_user_password() -> bytes:
    """One empty page, AES-256 (revision 6), behind a password."""
    return (_FILES / "aes256-user-password.pdf").read_bytes()


def aes256_with_empty_password() -> bytes:
    """One empty page, AES-256 (revision 6), open to every reader."""
    return (_FILES / "aes256-empty-password.pdf").read_bytes()


@cache
def with_field(*, kind: str = "/Tx", value: bool = False, inherited: bool = False) -> bytes:
    """A page with one form field; `value` puts text in it, or a signature dictionary if it is a signature field."""
    writer = PdfWriter()
    writer.add_blank_page(300, 100)
    field = DictionaryObject({NameObject("/T"): TextStringObject("field")})
    parent = DictionaryObject({NameObject("/FT"): NameObject(kind)})
    (parent if inherited else field)[NameObject("/FT")] = NameObject(kind)
    if value:
        field[NameObject("/V")] = DictionaryObject() if kind == "/Sig" else TextStringObject("something")
    top = writer._add_object(field)
    if inherited:
        parent[NameObject("/Kids")] = ArrayObject([top])
        top = writer._add_object(parent)
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([top])})
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)
    return _written(writer)


@cache
def with_filled_field() -> bytes:
    """A page whose only ink, a black box, is the look of a form field's value."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    look = DecodedStreamObject()
    look.set_data(b"0 g 0 0 100 100 re f")
    look.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): RectangleObject((0, 0, 100, 100)),
        }
    )
    widget = FreeText(text="", rect=(0, 0, 100, 100))
    widget.update(
        {
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Sig"),
            NameObject("/T"): TextStringObject("signature"),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
            NameObject("/F"): NumberObject(4),
        }
    )
    reference = writer._add_object(widget)
    page[NameObject("/Annots")] = ArrayObject([reference])
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)
    return _written(writer)


@cache
def with_shared_fields(*, levels: int = 40) -> bytes:
    """A form whose every branch hangs twice in the one above: 2**levels ways to walk it."""
    first = 4
    branches = [b"<< /Kids [%d 0 R %d 0 R] >>" % (n + 1, n + 1) for n in range(first, first + levels)]
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%d 0 R] >> >>" % first,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
        *branches,
        b"<< /FT /Tx /T (leaf) >>",
    )


@cache
def with_xfa_only() -> bytes:
    """A form that only Adobe's own program shows; the page asks to wait for it."""
    form = b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><template/></xdp:xdp>"
    wait = b"BT /F 12 Tf 10 50 Td (Please wait...) Tj ET"
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R /NeedsRendering true /AcroForm << /Fields [] /XFA 5 0 R >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 99] /Contents 4 0 R /Resources << /Font << /F 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(wait), wait),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(form), form),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )


def truncated() -> bytes:
    """The plain document without its last third."""
    return plain()[: len(plain()) * 2 // 3]


def with_garbage_tail() -> bytes:
    """The plain document, followed by bytes that a mail gateway might add."""
    return plain() + b"\r\n-- \r\nscanned by nobody\r\n" * 3


@cache
def with_cyclic_page_tree() -> bytes:
    """A page tree whose branch contains the root."""
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>",
    )


@cache
def claiming_pages(count: bytes) -> bytes:
    """One page, and a `/Count` that says something else."""
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count %s >>" % count,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    )


@cache
def with_page_repeated(*, times: int) -> bytes:
    """A page tree that names one page so many times."""
    return numbered(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * times, times),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    )


@cache
def with_jbig2_picture() -> bytes:
    """A page whose picture only `jbig2dec` could decode for pypdf."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    picture = DecodedStreamObject()
    picture.set_data(b"\x00" * 16)
    picture.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(8),
            NameObject("/Height"): NumberObject(8),
            NameObject("/BitsPerComponent"): NumberObject(1),
            NameObject("/ColorSpace"): NameObject("/DeviceGray"),
            NameObject("/Filter"): NameObject("/JBIG2Decode"),
        }
    )
    named = DictionaryObject({NameObject("/Im0"): writer._add_object(picture)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): named})
    return _written(writer)


def _draw(writer: PdfWriter, operators: str) -> None:
    content = DecodedStreamObject()
    content.set_data(operators.encode())
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content)


def _written(writer: PdfWriter) -> bytes:
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def numbered(*objects: bytes) -> bytes:
    """A file of these objects, numbered from 1, the first one being the catalog; with a right cross-reference table."""
    parts, offsets, at = [b"%PDF-1.7\n"], [], len(b"%PDF-1.7\n")
    for number, body in enumerate(objects, start=1):
        offsets.append(at)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        at += len(parts[-1])
    file = b"".join(parts)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, entries)
    return file + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(file))
