"""Draw what is found on generated documents, for docs/fields.md: `python -m evaluation.fields.picture FILE.png`."""

import sys
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw

from buffrsign.documents import Fields, find_fields
from evaluation.fields.layouts import generate

_SHOWN = (("thus_done", 104, 1), ("side_by_side", 102, 1), ("directors", 100, 1))
"""Family, number and page: invented documents, none of them held out."""

_SCALE = 1.25
_MARGIN = 14
_UPPER_PART = 0.62  # of a page; the rest is empty
_COLOURS = {
    "signature": "#c2410c",
    "initials": "#7c3aed",
    "date": "#0369a1",
    "name": "#15803d",
    "place": "#a16207",
    "text": "#475569",
    "checkbox": "#be185d",
}


def main(target: str) -> None:
    """One page beside the other, each field in the colour of its type, with the number of its party."""
    pages = [_page(*shown) for shown in _SHOWN]
    wide = sum(page.width + _MARGIN for page in pages) + _MARGIN
    tall = round(_UPPER_PART * max(page.height for page in pages))
    picture = Image.new("RGB", (wide, tall + _MARGIN), "#e2e8f0")
    x = _MARGIN
    for page in pages:
        picture.paste(page, (x, _MARGIN))
        x += page.width + _MARGIN
    picture.quantize(64).save(Path(target), optimize=True)


def _page(family: str, number: int, page_number: int) -> Image.Image:
    data = generate(family, number).data
    found = find_fields(data)
    assert isinstance(found, Fields)  # noqa: S101 - it was drawn to be read
    page = pypdfium2.PdfDocument(data)[page_number - 1]
    image: Image.Image = page.render(scale=_SCALE).to_pil().convert("RGB")
    draw = ImageDraw.Draw(image)
    for field in found.fields:
        if field.page == page_number:
            x0, y0, x1, y1 = field.rect
            corners = (x0 * _SCALE, image.height - y1 * _SCALE, x1 * _SCALE, image.height - y0 * _SCALE)
            colour = _COLOURS[field.type.value]
            draw.rectangle(corners, outline=colour, width=2)
            draw.text((corners[0] + 3, corners[1] + 1), f"{field.type.value} {field.owner or ''}", fill=colour)
    return image


if __name__ == "__main__":
    main(sys.argv[1])
