"""The picture of a page as this process draws it."""

from io import BytesIO

from PIL import Image

from buffrsign.documents import DrawnPages, Look, draw_pages


def thumbnail(data: bytes, *, page: int = 1) -> bytes:
    """The small PNG of a page, counted from 1."""
    drawn = draw_pages(data, first=page, looks=Look.THUMBNAIL_PNG)
    assert isinstance(drawn, DrawnPages), drawn
    assert drawn.pages[0].reason is None
    return drawn.pages[0].pictures[0].data


def opened(png: bytes) -> Image.Image:
    """Decoded, and as a PNG only."""
    return Image.open(BytesIO(png), formats=["PNG"])
