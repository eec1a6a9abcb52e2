"""What comes out of a child is what the same function finds in this process."""

import pytest

from buffrsign.documents import (
    Look,
    draw_pages,
    inspect,
    picture_to_pdf,
    text_of,
)
from tests.support import bombs, described, pdfs

GENEROUS = {"max_pages": 50, "max_characters": 200_000}

FILES = {
    "plain": pdfs.plain(pages=3),
    "scan": pdfs.picture_only(),
    "encrypted": pdfs.encrypted(),
    "password": pdfs.aes256_with_user_password(),
    "form": pdfs.with_filled_field(),
    "truncated": pdfs.truncated(),
    "empty": pdfs.EMPTY,
    "ZIP": b"PK\x03\x04" + bytes(30) + pdfs.plain()[200:],
    "PNG named .pdf": bombs.png_of(width=10, height=10),
    "cyclic page tree": pdfs.with_cyclic_page_tree(),
    "50,000 pages": pdfs.with_page_repeated(times=50_000),
    "5,001 pages": pdfs.with_page_repeated(times=5001),
    "shared fields": pdfs.with_shared_fields(),
    "no cross references": described.without_xref(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_child_finds_what_this_process_finds(sandbox, name):
    data = FILES[name]

    assert sandbox.inspect(data) == inspect(data)
    assert sandbox.draw_pages(data, looks=Look.THUMBNAIL_WEBP) == draw_pages(data, looks=Look.THUMBNAIL_WEBP)
    assert sandbox.text_of(data, **GENEROUS) == text_of(data, **GENEROUS)
    assert sandbox.picture_to_pdf(data) == picture_to_pdf(data)


@pytest.mark.parametrize(
    "data",
    [*map(described.picture, ("JPEG", "PNG", "TIFF", "WEBP")), described.heic()],
    ids=lambda data: data[:4].hex(),
)
def test_a_child_makes_of_a_picture_what_this_process_makes(sandbox, data):
    assert sandbox.picture_to_pdf(data) == picture_to_pdf(data)


def test_options_reach_the_child(sandbox):
    data = pdfs.plain(pages=2)

    assert sandbox.draw_pages(data, first=2, looks=Look.THUMBNAIL_PNG) == draw_pages(
        data, first=2, looks=Look.THUMBNAIL_PNG
    )
    assert sandbox.draw_pages(data, first=2) != sandbox.draw_pages(data, first=1)
