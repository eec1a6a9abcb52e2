"""What comes out of a child is what the same function finds in this process; and bombs have names."""

import pytest

from buffrsign.documents import (
    Inspected,
    Look,
    Picture,
    Reason,
    Thumbnail,
    Unreadable,
    draw_pages,
    inspect,
    picture_facts,
    render_thumbnail,
    text_of,
)
from buffrsign.documents.sandbox import Limits, Sandbox
from tests.support import bombs, pdfs

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
}


@pytest.mark.parametrize("name", FILES)
def test_a_child_finds_what_this_process_finds(sandbox, name):
    data = FILES[name]

    assert sandbox.inspect(data) == inspect(data)
    assert sandbox.render_thumbnail(data, width_px=100) == render_thumbnail(data, width_px=100)
    assert sandbox.draw_pages(data, looks=Look.THUMBNAIL_WEBP) == draw_pages(data, looks=Look.THUMBNAIL_WEBP)
    assert sandbox.text_of(data, **GENEROUS) == text_of(data, **GENEROUS)
    assert sandbox.picture_facts(data) == picture_facts(data)


def test_options_reach_the_child(sandbox):
    data = pdfs.plain(pages=2)

    assert sandbox.render_thumbnail(data, page=1, width_px=50) == render_thumbnail(data, page=1, width_px=50)


@pytest.mark.parametrize(
    ("bomb", "inspected", "drawn"),
    [
        pytest.param(bombs.flate, Reason.RESOURCE_LIMIT, Reason.RESOURCE_LIMIT, id="flate"),
        pytest.param(bombs.flate_in_flate, Reason.RESOURCE_LIMIT, Reason.RESOURCE_LIMIT, id="flate in flate"),
        pytest.param(bombs.object_stream, Reason.RESOURCE_LIMIT, Reason.RESOURCE_LIMIT, id="object stream"),
        pytest.param(bombs.text, Reason.RESOURCE_LIMIT, Reason.RESOURCE_LIMIT, id="text"),
        pytest.param(bombs.nested_forms, Reason.RESOURCE_LIMIT, Reason.RESOURCE_LIMIT, id="nested forms"),
        pytest.param(bombs.tiling, Inspected, Reason.RESOURCE_LIMIT, id="tiling"),
        pytest.param(bombs.deep_nesting, Reason.DAMAGED, Thumbnail, id="deep nesting"),
        pytest.param(bombs.xref_of_millions, Reason.DAMAGED, Thumbnail, id="xref of millions"),
        pytest.param(bombs.xref_loop, Inspected, Thumbnail, id="xref loop"),
        pytest.param(lambda: bombs.image(edge=100_000), Inspected, Thumbnail, id="image of 10,000 megapixels"),
        pytest.param(bombs.jbig2, Inspected, Thumbnail, id="JBIG2"),
        pytest.param(bombs.predictor, Inspected, Thumbnail, id="predictor"),
    ],
)
def test_a_bomb_has_a_name_or_does_not_go_off(sandbox, bomb, inspected, drawn):
    data = bomb()

    found, picture = sandbox.inspect(data), sandbox.render_thumbnail(data)

    assert (named(found), named(picture)) == (inspected, drawn)


def test_nonsense_that_takes_its_time_to_be_refused_is_refused_when_the_time_is_spent():
    sandbox = Sandbox(Limits(cpu_s=0.2))

    assert sandbox.inspect(bombs.nonsense()) == Unreadable.because(Reason.RESOURCE_LIMIT)
    sandbox.close()


def test_a_picture_of_too_many_pixels_has_a_name(sandbox):
    data = bombs.png_of(width=100_000, height=100_000)

    assert sandbox.picture_facts(data) == Unreadable.because(Reason.PIXEL_BOMB)


def named(found: Inspected | Thumbnail | Picture | Unreadable) -> object:
    return found.reason if isinstance(found, Unreadable) else type(found)
