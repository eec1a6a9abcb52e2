"""Pages as pictures in several sizes and formats, all those of a page from one drawing of it."""

from collections.abc import Callable
from enum import IntFlag
from time import process_time
from typing import Annotated, NamedTuple

import msgspec
import pypdfium2
from PIL import Image

from buffrsign.documents.border import outcome_of, reads_pdf
from buffrsign.documents.drawing import draw, drawable
from buffrsign.documents.encoding import png, webp
from buffrsign.documents.outcome import Reason

ENOUGH_BYTES = 8 * 1024 * 1024
"""With so many bytes of pictures, no further page is begun."""


class Size(NamedTuple):
    """How wide a picture is, unless an edge of it would be longer than `longest_px`. Each divides the larger ones."""

    width_px: int
    longest_px: int


SIZES = {"thumbnail": Size(256, 1000), "preview": Size(1024, 4000)}


class Look(IntFlag):
    """What may be made of a page; in `draw_pages`, the sum of those that are wanted."""

    THUMBNAIL_PNG = 1
    THUMBNAIL_WEBP = 2
    PREVIEW_WEBP = 4

    @property
    def file_name(self) -> str:
        """The name under which the catalog and the API know it: `thumbnail.png`."""
        return str(self.name).lower().replace("_", ".")

    @property
    def size(self) -> Size:
        """One of `SIZES`."""
        return SIZES[self.file_name.partition(".")[0]]


ALL_LOOKS = Look.THUMBNAIL_PNG | Look.THUMBNAIL_WEBP | Look.PREVIEW_WEBP

_ENCODINGS: dict[str, Callable[[Image.Image], bytes]] = {"png": png, "webp": webp}


class PagePicture(msgspec.Struct, frozen=True):
    """One picture. `data` holds no metadata."""

    look: Look
    data: bytes
    width_px: int
    height_px: int


class DrawnPage(msgspec.Struct, frozen=True):
    """A page's pictures, or the reason why there are none."""

    pictures: tuple[PagePicture, ...]
    reason: Reason | None = None


class DrawnPages(msgspec.Struct, frozen=True):
    """The first, at least one, of the pages asked for. `claimed`: how many the file has by its own account."""

    claimed: int
    pages: Annotated[tuple[DrawnPage, ...], msgspec.Meta(min_length=1)]


@reads_pdf
def draw_pages(
    data: bytes, *, first: int = 1, count: int = 1, looks: int = ALL_LOOKS, cpu_ms: int = 1200
) -> DrawnPages:
    """Draw `count` pages from `first`, counted from 1, or fewer where the processor time or `ENOUGH_BYTES` is spent.

    A page that is damaged, or not there, has its reason and stops no other. One that is not drawn when `cpu_ms` have
    gone by comes first in the caller's next run; if it came first in this one, it has its reason, `resource_limit`.
    Encoding the last page comes on top, 0.1 s for text and up to 0.5 s for a tall scan. The file is `Unreadable` where
    it cannot be opened.
    """
    until = process_time() + cpu_ms / 1000
    drawn: list[DrawnPage] = []
    with drawable(data) as document:
        for page in range(first - 1, first - 1 + max(count, 1)):
            if drawn and _is_enough(drawn, until):
                break
            found = _drawn(document, page, Look(looks), until)
            if drawn and found.reason is Reason.RESOURCE_LIMIT:
                break
            drawn.append(found)
        return DrawnPages(len(document), tuple(drawn))


def _is_enough(drawn: list[DrawnPage], until: float) -> bool:
    made = sum(len(picture.data) for page in drawn for picture in page.pictures)
    return made >= ENOUGH_BYTES or process_time() >= until


def _drawn(document: pypdfium2.PdfDocument, page: int, looks: Look, until: float) -> DrawnPage:
    largest = max(look.size for look in looks)
    try:
        image = draw(document, page, width_px=largest.width_px, longest_px=largest.longest_px, until=until)
        return DrawnPage(tuple(_picture(image, largest, look) for look in looks))
    except Exception as error:  # noqa: BLE001 - the border, for one page
        return DrawnPage((), outcome_of(error).reason)


def _picture(image: Image.Image, largest: Size, look: Look) -> PagePicture:
    factor = largest.width_px // look.size.width_px
    shown = image.reduce(factor) if factor > 1 else image
    encode = _ENCODINGS[look.file_name.partition(".")[2]]
    return PagePicture(look, encode(shown), shown.width, shown.height)
