"""What is known of a picture file without drawing it: formats are named, and pixels are bounded."""

from io import BytesIO

import msgspec
from PIL import Image, UnidentifiedImageError

from buffrsign.documents.border import Refused, reads_file
from buffrsign.documents.outcome import MAX_PIXELS, Reason

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
"""The only ones whose code a file can reach; Pillow has some forty, and one of them starts another program."""

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class Picture(msgspec.Struct, frozen=True):
    """A picture's format, one of `FORMATS`, and its size as stored: a turn that its metadata asks for is not made."""

    format: str
    width_px: int
    height_px: int


@reads_file
def picture_facts(data: bytes) -> Picture:
    """Look at a picture's header, and at its checksums where its format has some. No pixel is decoded.

    More than `MAX_PIXELS` are refused; what is none of `FORMATS` is unsupported.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Refused(Reason.PIXEL_BOMB)
            found = Picture(str(picture.format), picture.width, picture.height)
            picture.verify()
    except _BOMBS as error:
        raise Refused(Reason.PIXEL_BOMB) from error
    except UnidentifiedImageError as error:
        raise Refused(Reason.UNSUPPORTED) from error
    return found
