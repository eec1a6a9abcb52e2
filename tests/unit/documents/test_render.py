from io import BytesIO

import pytest
from PIL import Image

from buffrsign.documents import MAX_EDGE_PX, Reason, Thumbnail, Unreadable, render_thumbnail
from tests.support import pdfs

RED, BLUE, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


def opened(thumbnail: Thumbnail | Unreadable) -> Image.Image:
    assert isinstance(thumbnail, Thumbnail)
    picture = Image.open(BytesIO(thumbnail.png), formats=["PNG"])
    assert picture.size == (thumbnail.width_px, thumbnail.height_px)
    return picture.convert("RGB")


def test_a_page_becomes_a_png_of_the_width_asked_for():
    assert opened(render_thumbnail(pdfs.plain())).size == (256, 363)
    assert opened(render_thumbnail(pdfs.plain(), width_px=100)).size == (100, 142)


def test_the_same_page_gives_the_same_bytes_without_metadata():
    first, again = render_thumbnail(pdfs.plain()), render_thumbnail(pdfs.plain())

    assert first == again
    assert opened(first).info == {}


def test_the_page_asked_for_is_the_one_rendered():
    data = pdfs.plain(pages=2)

    assert render_thumbnail(data, page=1) != render_thumbnail(data, page=0)


def test_a_turned_page_stands_as_its_reader_sees_it():
    picture = opened(render_thumbnail(pdfs.rotated(), width_px=100))

    assert picture.size == (100, 200)
    assert picture.getpixel((50, 5)) == RED
    assert picture.getpixel((50, 195)) == WHITE


def test_only_the_crop_box_is_shown():
    picture = opened(render_thumbnail(pdfs.cropped(), width_px=100))

    assert picture.size == (100, 50)
    assert set(picture.get_flattened_data()) == {BLUE}


def test_what_a_signature_field_shows_is_on_the_picture():
    picture = opened(render_thumbnail(pdfs.with_filled_field(), width_px=50))

    assert picture.getpixel((25, 25)) == BLACK


@pytest.mark.parametrize(("width", "height"), [(3, 14_400), (14_400, 3), (14_400, 14_400)])
def test_no_page_makes_a_picture_beyond_the_cap(width, height):
    picture = opened(render_thumbnail(pdfs.with_page_size(width=width, height=height), width_px=10**9))

    assert max(picture.size) == MAX_EDGE_PX


@pytest.mark.parametrize("width", [595.28, 612, 419.53, 0.7, 841.89, 1190.55, 333.333])
def test_the_width_is_met_to_the_pixel(width):
    picture = opened(render_thumbnail(pdfs.with_page_size(width=width, height=width)))

    assert picture.size == (256, 256)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(pdfs.EMPTY, Reason.EMPTY, id="empty"),
        pytest.param(pdfs.NOT_A_PDF, Reason.NOT_A_PDF, id="not a PDF"),
        pytest.param(pdfs.encrypted(user_password="x"), Reason.ENCRYPTED, id="encrypted"),
        pytest.param(pdfs.without_pages(), Reason.DAMAGED, id="no pages"),
        pytest.param(pdfs.with_shared_fields(), Reason.DAMAGED, id="exponential field tree"),
    ],
)
def test_a_file_without_a_picture_is_an_outcome_with_its_reason(data, reason):
    assert render_thumbnail(data) == Unreadable.because(reason)


def test_a_page_that_is_not_there_is_no_picture():
    assert render_thumbnail(pdfs.plain(), page=9) == Unreadable.because(Reason.DAMAGED)


def test_a_protected_document_that_opens_without_a_password_has_a_picture():
    assert opened(render_thumbnail(pdfs.encrypted())).size == (256, 363)
