"""PDFs that have one thing to tell each, written by hand, and pictures that do.

The one in `picture_files/` is what `picture` draws, encoded with pillow-heif 1.8, which the project does not need.
"""

import struct
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.support.pdfs import numbered, plain

_HEADER = b"<< /Type /Catalog /Pages 2 0 R %s >>"
_PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] %s >>"


def telling(*objects: bytes, catalog: bytes = b"", page: bytes = b"") -> bytes:
    """One empty page, with these entries in its catalog and on its page; the further objects are numbered from 4."""
    return numbered(_HEADER % catalog, _PAGES, _PAGE % page, *objects)


def stream(about: bytes, data: bytes) -> bytes:
    """A stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), about, data)


@cache
def of_many_fonts() -> bytes:
    """A page with four fonts, one of them twice, and a form that draws a picture; a larger picture is its own."""
    resources = b"""/Resources << /Font << /A 4 0 R /B 5 0 R /C 7 0 R /D 4 0 R /E 10 0 R >>
        /XObject << /I 11 0 R /F 12 0 R >> >>"""
    return telling(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Font /Subtype /TrueType /BaseFont /ABCDEF+Garamond /FontDescriptor 6 0 R >>",
        b"<< /Type /FontDescriptor /FontFile2 13 0 R >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Noto /DescendantFonts [8 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Noto /FontDescriptor 9 0 R >>",
        b"<< /Type /FontDescriptor /FontFile3 13 0 R >>",
        b"<< /Type /Font /Subtype /Type3 >>",
        stream(b"/Subtype /Image /Width 300 /Height 200", b""),
        stream(b"/Subtype /Form /Resources << /XObject << /J 14 0 R /Again 12 0 R >> >>", b""),
        stream(b"", b""),
        stream(b"/Subtype /Image /Width 30 /Height 20", b""),
        page=resources,
    )


@cache
def of_many_fields() -> bytes:
    """A form with a field of every type; the check box is shown twice, and the radio button's type is told above it."""
    return telling(
        b"<< /FT /Tx /T (a) >>",
        b"<< /FT /Btn /T (b) /Kids [6 0 R 6 0 R] >>",
        b"<< /Subtype /Widget >>",
        b"<< /FT /Btn /Ff 32768 /T (c) /Kids [8 0 R] >>",
        b"<< /T (d) /Kids [] >>",
        b"<< /FT /Btn /Ff 65536 /T (e) >>",
        b"<< /FT /Ch /T (f) >>",
        b"<< /FT /Sig /T (g) >>",
        b"<< /FT /Novelty /T (h) >>",
        catalog=b"/AcroForm << /Fields [4 0 R 5 0 R 7 0 R 9 0 R 10 0 R 11 0 R 12 0 R] /XFA [] >>",
    )


@cache
def of_many_actions() -> bytes:
    """Scripts and a program in every place; the one that opens the document is followed by itself."""
    return telling(
        b"<< /S /JavaScript /JS (a) /Next [4 0 R 5 0 R] >>",
        b"<< /S /Launch /F (a.exe) >>",
        b"<< /S /JavaScript /JS (b) >>",
        b"<< /Subtype /Link /A << /S /URI /URI (https://Someone:secret@Example.com:8443/path) >> >>",
        b"<< /Subtype /Link /A << /S /URI /URI (mailto:anna@example.org) >> >>",
        b"<< /Subtype /Widget /FT /Btn /T (x) /A << /S /SubmitForm >> /AA << /K << /S /JavaScript /JS (c) >> >> >>",
        b"<< /Subtype /Screen /A << /S /Rendition /JS (d) >> >>",
        b"<< /First 12 0 R >>",
        b"<< /Next 12 0 R /A << /S /GoToR /F (b.pdf) >> >>",
        b"<< /Kids [13 0 R 14 0 R] >>",
        b"<< /Names [(one) << /S /JavaScript /JS (e) >>] >>",
        catalog=b"""/OpenAction 4 0 R /AA << /WP << /S /ImportData >> >> /Outlines 11 0 R
            /Names << /JavaScript 13 0 R >> /AcroForm << /Fields [9 0 R] >>""",
        page=b"/AA << /O 6 0 R >> /Annots [7 0 R 8 0 R 9 0 R 10 0 R 7 0 R]",
    )


@cache
def with_files() -> bytes:
    """Three files: two in the name tree, one of them associated as well, and one that hangs on the page."""
    return telling(
        b"<< /F (Anna Shikongo.XML) /EF << /F 5 0 R >> >>",
        stream(b"/Params << /Size 777 >>", b"abc"),
        b"<< /UF (no ending) /EF << /UF 7 0 R >> >>",
        stream(b"", b"four"),
        b"<< /F (elsewhere.pdf) >>",
        b"<< /Subtype /FileAttachment /FS << /F (cv.docx) /EF << /F 10 0 R >> >> >>",
        stream(b"", b""),
        catalog=b"/Names << /EmbeddedFiles << /Names [(a) 4 0 R (b) 6 0 R (c) 8 0 R] >> >> /AF [4 0 R]",
        page=b"/Annots [9 0 R]",
    )


@cache
def with_xmp(packet: bytes) -> bytes:
    """A page, and this metadata."""
    return telling(stream(b"/Type /Metadata /Subtype /XML", packet), catalog=b"/Metadata 4 0 R")


def signed(*, after: bytes = b"", contents: bytes = b"00ff", gap: int = 0) -> bytes:
    """A page with a signature field, whose signature's byte range leaves out its contents, and `gap` more bytes.

    `after` follows the bytes that the range covers. What is signed is no signature that could be verified.
    """
    room = b"0000000000 0000000000 0000000000 0000000000"
    data = telling(
        b"<< /FT /Sig /T (s) /V 5 0 R >>",
        b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange [%s] /Contents <%s> >>" % (room, contents),
        catalog=b"/AcroForm << /Fields [4 0 R] >>",
    )
    begin = data.index(b"<" + contents)
    end = begin + len(contents) + 2 + gap
    covered = b"%010d %010d %010d %010d" % (0, begin, end, len(data) - end)
    return data.replace(room, covered) + after


def without_xref() -> bytes:
    """The plain document without its cross references and its trailer."""
    data = plain()
    return data[: data.rindex(b"xref\n0")]


def with_spoilt_trailer(data: bytes) -> bytes:
    """The document, with a trailer that qpdf forgives and PDFium does not."""
    return data.replace(b"trailer\n<<", b"trailer 3 <<")


def with_wrong_xref() -> bytes:
    """The plain document, whose cross references all point a few bytes too far."""
    data = plain()
    at = data.rindex(b"xref\n0")
    return data[:9] + b"%junk\n" + data[9:at] + data[at:]


def picture(kind: str, *, size: tuple[int, int] = (60, 40), mode: str = "RGB", **how: object) -> bytes:
    """A picture with a red upper half and a blue left lower quarter, on white."""
    drawn = Image.new("RGB", size, "white")
    drawn.paste("red", (0, 0, size[0], size[1] // 2))
    drawn.paste("blue", (0, size[1] // 2, size[0] // 2, size[1]))
    file = BytesIO()
    drawn.convert(mode).save(file, format=kind, **how)
    return file.getvalue()


def tiff_of(*, frames: int) -> bytes:
    """A TIFF of so many frames, each one white pixel, and the same one."""
    tags = {
        256: 1,
        257: 1,
        258: 8,
        259: 1,
        262: 1,
        273: 8,
        278: 1,
        279: 1,
    }  # size, bits, packing, place
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in tags.items())
    first, size = 16, 2 + len(entries) + 4
    file = struct.pack("<2sHI", b"II", 42, first) + b"\xff" * 8
    for number in range(frames):
        following = first + (number + 1) * size if number < frames - 1 else 0
        file += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return file


def heic() -> bytes:
    """The same as HEIC."""
    return (Path(__file__).with_name("picture_files") / "upper-half-red.heic").read_bytes()
