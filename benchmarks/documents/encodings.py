"""What each setting of PNG and WebP costs, and how many bytes it makes, over the same drawn pages."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from buffrsign.documents.drawing import draw, drawable
from buffrsign.documents.encoding import PNG_LEVEL, WEBP_METHOD, png, webp
from buffrsign.documents.pages import SIZES, Size

PNG_LEVELS = (1, 2, 3, 4, 6, 9)
WEBP_METHODS = (0, 1, 2, 3, 4, 5, 6)


class Encoding(NamedTuple):
    """A setting, for pictures of one size: the mean of all pages. `chosen`: it is ours."""

    size: str
    name: str
    ms: float
    bytes: int
    chosen: bool


def encodings(files: Sequence[bytes], sizes: Iterable[str] = SIZES) -> Iterator[Encoding]:
    """Every setting at every size, for the first pages of these files, which can all be drawn."""
    for size in sizes:
        drawn = [_first_page(data, SIZES[size]) for data in files]
        for name, (encode, chosen) in _settings().items():
            seconds, made = _cost(encode, drawn)
            yield Encoding(size, name, round(1000 * seconds, 2), made, chosen)


def _settings() -> dict[str, tuple[Callable[[Image.Image], bytes], bool]]:
    return {
        "PNG as Pillow saves it": (_as_pillow_saves, False),
        **{f"PNG, level {level}": (partial(png, level=level), level == PNG_LEVEL) for level in PNG_LEVELS},
        **{f"WebP, method {each}": (partial(webp, method=each), each == WEBP_METHOD) for each in WEBP_METHODS},
    }


def _first_page(data: bytes, size: Size) -> Image.Image:
    with drawable(data) as document:
        return draw(document, 0, width_px=size.width_px, longest_px=size.longest_px)


def _as_pillow_saves(image: Image.Image) -> bytes:
    file = BytesIO()
    image.convert("RGB").save(file, format="PNG")
    return file.getvalue()


def _cost(encode: Callable[[Image.Image], bytes], pictures: list[Image.Image]) -> tuple[float, int]:
    """Processor seconds and bytes a picture."""
    encode(pictures[0])  # what is loaded by the first is not measured
    began = time.process_time()
    made = sum(len(encode(picture)) for picture in pictures)
    return (time.process_time() - began) / len(pictures), made // len(pictures)
