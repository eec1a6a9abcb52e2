"""A drawn page as the bytes of a PNG or of a WebP, without metadata; `make bench-documents` measured the settings."""

from io import BytesIO

from PIL import Image, ImageChops

PNG_LEVEL = 3
"""Of 0 to 9: 9 takes nearly six times as long, and saves a twelfth of the bytes."""

WEBP_METHOD = 2
"""Of 0 to 6: 1 saves a fifth of the time for a sixth more bytes; 3 takes twice the time for a fiftieth fewer."""

WEBP_QUALITY = 80
"""Of 100: text stays sharp, and a page with a scanner's noise is an eighth of what it is as a PNG."""


def png(image: Image.Image, *, level: int = PNG_LEVEL) -> bytes:
    """Lossless, with one channel where the page is black, white and grey: a third of the work, half of the bytes."""
    red, green, blue = image.split()[:3]
    is_grey = _are_equal(red, green) and _are_equal(green, blue)
    return _saved(red if is_grey else image.convert("RGB"), "PNG", compress_level=level)


def webp(image: Image.Image, *, method: int = WEBP_METHOD) -> bytes:
    """Lossy, and small also where the page is a scan."""
    return _saved(image, "WEBP", quality=WEBP_QUALITY, method=method)


def _are_equal(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


def _saved(image: Image.Image, form: str, **settings: int) -> bytes:
    file = BytesIO()
    image.save(file, format=form, **settings)
    return file.getvalue()
