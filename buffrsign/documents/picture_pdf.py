"""A picture becomes a PDF: one page for each of its frames, as large as it would be printed, turned as it is meant."""

import struct
from collections.abc import Iterator
from io import BytesIO
from numbers import Real

import msgspec
from pikepdf import Dictionary, Pdf
from PIL import Image, ImageSequence

from buffrsign.documents.border import Refused, reads_file
from buffrsign.documents.outcome import MAX_PAGES, Reason
from buffrsign.documents.picture import format_of, opened_picture, refuse_bomb
from buffrsign.documents.samples import embed

POINTS_PER_INCH = 72.0
SMALLEST_EDGE_PT = 72.0
LARGEST_EDGE_PT = 1190.55
"""The long edge of A3."""

_A4_PT = (595.28, 841.89)
_LEAST_DPI, _MOST_DPI = 50, 2400
_ORIENTATION = 0x0112
_TURNS = {  # the picture's right and up on its page, by its orientation (EXIF 2.32, 4.6.4)
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, -1, -1, 0),
    6: (0, -1, 1, 0),
    7: (0, 1, 1, 0),
    8: (0, 1, -1, 0),
}


class PicturePdf(msgspec.Struct, frozen=True):
    """The PDF of a picture of this format. The same picture gives the same bytes."""

    pdf: bytes
    format: str
    pages: int


@reads_file
def picture_to_pdf(data: bytes) -> PicturePdf:
    """Make a PDF of a JPEG, PNG, TIFF or WebP, and of a HEIC where the extra `heic` is installed.

    A TIFF has a page for each of its frames; of what moves, the first frame counts. A page is as large as the picture's
    resolution says, if that makes a sheet between an inch and A3; else the picture fills A4 in one direction.
    """
    with opened_picture(data) as picture, Pdf.new() as document:
        kind = format_of(picture)
        for frame in _frames(picture, kind):
            refuse_bomb(frame)
            _add_page(document, frame, data)
        pages = len(document.pages)
        copy = BytesIO()
        document.save(copy, deterministic_id=True, compress_streams=False)
        return PicturePdf(copy.getvalue(), kind, pages)


def _frames(picture: Image.Image, kind: str) -> Iterator[Image.Image]:
    if kind != "TIFF":
        yield picture
        return
    for number, frame in enumerate(ImageSequence.Iterator(picture)):
        if number >= MAX_PAGES:
            raise Refused(Reason.TOO_MANY_PAGES)
        yield frame


def _add_page(document: Pdf, picture: Image.Image, data: bytes) -> None:
    resolution = picture.info.get("dpi")
    image = embed(picture, data, into=document)
    turn = _TURNS[_orientation(picture)]
    width, height = _page_size((int(image.Width), int(image.Height)), resolution)
    if turn[0] == 0:
        width, height = height, width
    page = document.add_blank_page(page_size=(width, height))
    page.Resources = Dictionary(XObject=Dictionary(Im=image))
    page.Contents = document.make_stream(_drawing(turn, width, height))


def _orientation(picture: Image.Image) -> int:
    """How the picture is turned, once it was loaded: Pillow turns some formats itself, and then says so here.

    A damaged note counts as none, as it does for whoever looks at the picture.
    """
    try:
        noted = picture.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return 1
    return noted if noted in _TURNS else 1


def _page_size(pixels: tuple[int, int], resolution: object) -> tuple[float, float]:
    """In points, before any turn."""
    match resolution:
        case (Real() as across, Real() as down) if _is_plausible(across) and _is_plausible(down):
            printed = (pixels[0] / float(across) * POINTS_PER_INCH, pixels[1] / float(down) * POINTS_PER_INCH)
            if min(printed) >= SMALLEST_EDGE_PT and max(printed) <= LARGEST_EDGE_PT:
                return round(printed[0], 2), round(printed[1], 2)
    short, long = _A4_PT
    paper = (long, short) if pixels[0] > pixels[1] else (short, long)
    scale = min(paper[0] / pixels[0], paper[1] / pixels[1])
    return max(1.0, round(pixels[0] * scale, 2)), max(1.0, round(pixels[1] * scale, 2))


def _is_plausible(resolution: Real) -> bool:
    return _LEAST_DPI <= float(resolution) <= _MOST_DPI


def _drawing(turn: tuple[int, int, int, int], width: float, height: float) -> bytes:
    """Draw the picture over the whole page; what points left or down begins at the other edge."""
    a, b, c, d = turn[0] * width, turn[1] * height, turn[2] * width, turn[3] * height
    left, bottom = width if a + c < 0 else 0, height if b + d < 0 else 0
    return f"q {a} {b} {c} {d} {left} {bottom} cm /Im Do Q".encode()
