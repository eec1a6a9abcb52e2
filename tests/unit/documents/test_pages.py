from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from buffrsign.documents import (
    SIZES,
    DrawnPage,
    DrawnPages,
    Look,
    PagePicture,
    Reason,
    Unreadable,
    draw_pages,
)
from buffrsign.documents.drawing import draw, drawable
from tests.support import pdfs

RED, BLUE, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)
THUMBNAILS = Look.THUMBNAIL_PNG | Look.THUMBNAIL_WEBP
LIGHT, HEAVY = b"1 0 0 rg 0 0 100 100 re f", b"0 0 m 100 100 l S\n" * 20_000


def drawn(data: bytes, **options: int) -> tuple[DrawnPage, ...]:
    found = draw_pages(data, **options)
    assert isinstance(found, DrawnPages)
    return found.pages


def opened(picture: PagePicture) -> Image.Image:
    """As a browser sees it."""
    shown = Image.open(BytesIO(picture.data), formats=["PNG", "WEBP"])
    assert shown.size == (picture.width_px, picture.height_px)
    assert picture.look.file_name.endswith(f".{str(shown.format).lower()}")
    return shown


def pictures_of(data: bytes, **options: int) -> dict[Look, Image.Image]:
    """Of the first page, by look."""
    [page] = drawn(data, **options)
    assert page.reason is None
    return {picture.look: opened(picture).convert("RGB") for picture in page.pictures}


def is_near(pixel: object, colour: tuple[int, ...]) -> bool:
    """WebP is lossy."""
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 8 for one, other in zip(pixel, colour, strict=True))


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Of 255, over all pixels and channels."""
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


def test_a_page_has_a_thumbnail_in_both_formats_and_a_preview_from_one_drawing():
    found = pictures_of(pdfs.plain())

    assert {look.file_name: picture.size for look, picture in found.items()} == {
        "thumbnail.png": (256, 363),
        "thumbnail.webp": (256, 363),
        "preview.webp": (1024, 1449),
    }


def test_only_what_is_asked_for_is_made():
    assert list(pictures_of(pdfs.plain(), looks=Look.THUMBNAIL_WEBP)) == [Look.THUMBNAIL_WEBP]


def test_both_formats_show_the_same_picture():
    found = pictures_of(pdfs.picture_only(), looks=THUMBNAILS)

    assert mean_difference(found[Look.THUMBNAIL_PNG], found[Look.THUMBNAIL_WEBP]) < 0.5
    assert mean_difference(found[Look.THUMBNAIL_PNG], Image.new("RGB", (256, 363), "white")) > 2


def test_a_thumbnail_made_from_the_preview_is_what_a_drawing_of_its_size_shows():
    with drawable(pdfs.picture_only()) as document:
        direct = draw(document, 0, width_px=256, longest_px=1000).convert("RGB")

    found = pictures_of(pdfs.picture_only())

    assert mean_difference(found[Look.THUMBNAIL_PNG], direct) < 1


def test_pictures_hold_no_metadata():
    [page] = drawn(pdfs.plain(), looks=THUMBNAILS)

    assert [opened(picture).info for picture in page.pictures[:1]] == [{}]
    assert all(b"EXIF" not in picture.data and b"XMP" not in picture.data for picture in page.pictures)


@pytest.mark.parametrize(("data", "mode"), [(pdfs.plain(), "L"), (pdfs.cropped(), "RGB")], ids=["grey", "colour"])
def test_a_png_has_as_many_channels_as_its_page_needs(data, mode):
    [page] = drawn(data, looks=Look.THUMBNAIL_PNG)

    assert opened(page.pictures[0]).mode == mode


def test_a_turned_page_stands_upright_at_every_size():
    for picture in pictures_of(pdfs.rotated()).values():
        width, height = picture.size
        assert height == 2 * width
        assert is_near(picture.getpixel((width // 2, height // 20)), RED)
        assert is_near(picture.getpixel((width // 2, height - height // 20)), WHITE)


def test_only_the_crop_box_is_shown_at_every_size():
    for picture in pictures_of(pdfs.cropped()).values():
        width, height = picture.size
        assert width == 2 * height
        assert is_near(picture.getpixel((2, 2)), BLUE)
        assert is_near(picture.getpixel((width - 3, height - 3)), BLUE)


def test_what_is_filled_in_is_shown():
    for picture in pictures_of(pdfs.with_filled_field(), looks=THUMBNAILS).values():
        assert is_near(picture.getpixel((picture.width // 2, picture.height // 2)), BLACK)


def test_pages_come_in_order_from_the_one_asked_for():
    data = pdfs.of_pages(LIGHT, b"0 0 1 rg 0 0 100 100 re f", b"0 g 0 0 100 100 re f")

    found = drawn(data, first=2, count=2, looks=Look.THUMBNAIL_PNG)

    assert [opened(page.pictures[0]).convert("RGB").getpixel((128, 128)) for page in found] == [BLUE, BLACK]


def test_a_broken_page_has_its_reason_and_stops_no_other():
    found = drawn(pdfs.of_pages(LIGHT, None, LIGHT), count=3, looks=THUMBNAILS)

    assert [(len(page.pictures), page.reason) for page in found] == [(2, None), (0, Reason.DAMAGED), (2, None)]


def test_a_page_that_is_not_there_has_a_reason():
    assert drawn(pdfs.plain(), first=2) == (DrawnPage((), Reason.DAMAGED),)


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
def test_a_file_that_cannot_be_opened_has_no_pages_and_its_reason(data, reason):
    assert draw_pages(data) == Unreadable.because(reason)


def test_a_protected_document_that_opens_without_a_password_has_pictures():
    assert pictures_of(pdfs.encrypted(), looks=Look.THUMBNAIL_PNG)[Look.THUMBNAIL_PNG].size == (256, 363)


def test_the_same_page_gives_the_same_bytes():
    assert draw_pages(pdfs.plain()) == draw_pages(pdfs.plain())


@pytest.mark.parametrize("width", [595.28, 612, 419.53, 0.7, 841.89, 1190.55, 333.333])
def test_the_width_is_met_to_the_pixel(width):
    found = pictures_of(pdfs.with_page_size(width=width, height=width))

    assert {picture.size for picture in found.values()} == {(256, 256), (1024, 1024)}


def test_a_page_that_takes_too_long_is_left_for_a_run_of_its_own():
    data = pdfs.of_pages(LIGHT, HEAVY, LIGHT)

    in_passing = drawn(data, count=3, looks=Look.THUMBNAIL_PNG, cpu_ms=30)
    by_itself = drawn(data, first=2, count=2, looks=Look.THUMBNAIL_PNG, cpu_ms=30)

    assert [page.reason for page in in_passing] == [None]
    assert by_itself == (DrawnPage((), Reason.RESOURCE_LIMIT),)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(b"0 0 3 14400", id="a thread"),
        pytest.param(b"0 0 14400 3", id="a ribbon"),
        pytest.param(b"0 0 1000000000 1000000000", id="a thousand million points"),
        pytest.param(b"0 0 99999999999999999999 1", id="beyond every number"),
        pytest.param(b"0 0 0 0", id="nothing"),
        pytest.param(b"100 100 -100 -100", id="inside out"),
        pytest.param(b"(a) (b) (c) (d)", id="no numbers"),
    ],
)
def test_whatever_size_a_page_claims_its_pictures_stay_within_theirs(box):
    [page] = drawn(pdfs.with_media_box(box))

    for picture in page.pictures:
        width, height = opened(picture).size
        assert width <= picture.look.size.width_px
        assert max(width, height) <= picture.look.size.longest_px
    assert page.pictures or page.reason is Reason.DAMAGED


def test_every_size_is_a_whole_part_of_the_largest():
    largest = max(SIZES.values())

    assert {(largest.width_px % size.width_px, largest.longest_px % size.longest_px) for size in SIZES.values()} == {
        (0, 0)
    }
