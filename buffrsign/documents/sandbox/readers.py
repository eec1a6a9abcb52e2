"""What a child may be asked to do with a file, by name, and the type of what comes back."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, NamedTuple

import pikepdf

from buffrsign.documents.analysis import Analysis, analyse
from buffrsign.documents.appending import Appended, append_pages
from buffrsign.documents.fields import Fields, find_fields
from buffrsign.documents.inspection import Inspected, inspect
from buffrsign.documents.office import OfficeFile, recognise_office
from buffrsign.documents.pages import DrawnPages, draw_pages
from buffrsign.documents.picture_pdf import PicturePdf, picture_to_pdf
from buffrsign.documents.sanitise import Sanitised, sanitise
from buffrsign.documents.text import PageTexts, page_texts_of, text_of


class Reader(NamedTuple):
    """A function of a file's bytes and options that are numbers. It returns `result`, or `Unreadable`."""

    read: Callable[..., Any]
    result: type


READERS: Mapping[str, Reader] = {
    "analyse": Reader(analyse, Analysis),
    "draw_pages": Reader(draw_pages, DrawnPages),
    "find_fields": Reader(find_fields, Fields),
    "inspect": Reader(inspect, Inspected),
    "picture_to_pdf": Reader(picture_to_pdf, PicturePdf),
    "recognise_office": Reader(recognise_office, OfficeFile),
    "page_texts_of": Reader(page_texts_of, PageTexts),
    "text_of": Reader(text_of, str),
    "sanitise": Reader(sanitise, Sanitised),
    "append_pages": Reader(append_pages, Appended),
}

_OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    b"<< /Length 35 >>\nstream\nBT /F 12 Tf 10 50 Td (Sample) Tj ET\nendstream",
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
)


def warm_up() -> None:
    """Load all that the readers load when they are first used. For the zygote: its children then have it."""
    sample = _sample()
    inspect(sample)
    find_fields(sample)
    analyse(sample)
    text_of(sample, max_pages=1, max_characters=10)
    drawn = draw_pages(sample)
    assert isinstance(drawn, DrawnPages)  # noqa: S101 - our own file
    picture_to_pdf(drawn.pages[0].pictures[0].data)
    inspect(sample[:-100])  # without its cross references it is read from the last rungs
    append_pages(sample + sample, first_bytes=len(sample))
    sanitise(_encrypted(sample))


def _encrypted(sample: bytes) -> bytes:
    """The sample behind an empty password: qpdf opens `/dev/urandom` when it first decrypts AES; a child may not."""
    file = BytesIO()
    with pikepdf.open(BytesIO(sample)) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(owner="owner", user="", R=6))
    return file.getvalue()


def _sample() -> bytes:
    """A page with a word on it."""
    file, table = b"%PDF-1.4\n", b"0000000000 65535 f \n"
    for number, body in enumerate(_OBJECTS, start=1):
        table += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size = len(_OBJECTS) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(file))
    return file + b"xref\n0 %d\n" % size + table + trailer
