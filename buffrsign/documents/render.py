"""The small picture of a page: what a person sees, as a PNG."""

import msgspec

from buffrsign.documents.border import reads_pdf
from buffrsign.documents.drawing import draw, drawable
from buffrsign.documents.encoding import png

MAX_EDGE_PX = 4000


class Thumbnail(msgspec.Struct, frozen=True):
    """A page's picture. `png` holds no metadata."""

    png: bytes
    width_px: int
    height_px: int


@reads_pdf
def render_thumbnail(data: bytes, *, page: int = 0, width_px: int = 256) -> Thumbnail:
    """The picture of a page, counted from 0: so wide, turned and cropped as readers show it, with filled-in fields.

    Narrower than asked where an edge would be longer than `MAX_EDGE_PX`. A page that is not there counts as damaged.
    """
    with drawable(data) as document:
        picture = draw(document, page, width_px=width_px, longest_px=MAX_EDGE_PX)
        return Thumbnail(png(picture), picture.width, picture.height)
