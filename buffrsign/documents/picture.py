"""Pictures opened with Pillow: formats are named, and pixels are bounded before any is decoded."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from buffrsign.documents.border import Refused
from buffrsign.documents.outcome import MAX_PIXELS, Reason

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
"""The only ones whose code a file can reach; Pillow has some forty, and one of them starts another program."""

HEIF = "HEIF"
"""Read as well where the extra `heic` is installed."""

_SEVERAL_JPEGS = "MPO"  # what Pillow calls a JPEG that has others behind it, as many telephones make them
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@contextmanager
def opened_picture(data: bytes) -> Iterator[Image.Image]:
    """The picture, at its first frame, with no pixel decoded yet.

    Raises:
        Refused: it has too many pixels, or no format that is read.
    """
    try:
        with Image.open(BytesIO(data), formats=_formats()) as picture:
            refuse_bomb(picture)
            yield picture
    except _BOMBS as error:
        raise Refused(Reason.PIXEL_BOMB) from error
    except UnidentifiedImageError as error:
        raise Refused(Reason.UNSUPPORTED) from error


def refuse_bomb(picture: Image.Image) -> None:
    """For each frame, before its pixels are decoded.

    Raises:
        Refused: the frame has more than `MAX_PIXELS`.
    """
    if picture.width * picture.height > MAX_PIXELS:
        raise Refused(Reason.PIXEL_BOMB)


def format_of(picture: Image.Image) -> str:
    """The picture's format: one of `FORMATS`, or `HEIF`."""
    return "JPEG" if picture.format == _SEVERAL_JPEGS else str(picture.format)


def _formats() -> tuple[str, ...]:
    return (*FORMATS, HEIF) if HEIF in Image.OPEN else FORMATS


def _read_heif_where_installed() -> None:
    if find_spec("pi_heif") is not None:
        importlib.import_module("pi_heif").register_heif_opener(thumbnails=False, decode_threads=0)


_read_heif_where_installed()
