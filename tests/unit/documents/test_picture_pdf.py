from io import BytesIO

import pytest
from PIL import Image

from buffrsign.documents import Inspected, PicturePdf, Reason, Unreadable, inspect, picture_to_pdf
from buffrsign.documents.jpeg import without_metadata
from tests.support import bombs, described, pdfs, pictures

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112
WITH_WRONG_CHECKSUM = described.picture("PNG")[:-20] + b"?" + described.picture("PNG")[-19:]


def made_of(data: bytes) -> PicturePdf:
    made = picture_to_pdf(data)
    assert isinstance(made, PicturePdf), made
    return made


def page_size(data: bytes) -> tuple[float, float]:
    found = inspect(made_of(data).pdf)
    assert isinstance(found, Inspected)
    return found.page_sizes[0].width_pt, found.page_sizes[0].height_pt


def seen(pdf: bytes, *, page: int = 1) -> Image.Image:
    return pictures.opened(pictures.thumbnail(pdf, page=page)).convert("RGB")


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    """Upper left, upper right, lower left, lower right, each to the nearest pure colour."""
    width, height = picture.size
    places = [(5, 5), (width - 6, 5), (5, height - 6), (width - 6, height - 6)]
    return [tuple(255 if sample > 127 else 0 for sample in picture.getpixel(place)) for place in places]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_becomes_one_page_that_shows_it(kind):
    made = made_of(described.picture(kind))

    assert (made.format, made.pages) == (kind, 1)
    assert corners(seen(made.pdf)) == [RED, RED, BLUE, WHITE]


def test_a_heic_becomes_a_page_where_its_extra_is_installed():
    made = made_of(described.heic())

    assert made.format == "HEIF"
    assert corners(seen(made.pdf)) == [RED, RED, BLUE, WHITE]


@pytest.mark.parametrize(
    ("kind", "mode", "left"),
    [
        ("PNG", "1", None),
        ("PNG", "L", (0, 0, 0)),
        ("PNG", "LA", (0, 0, 0)),
        ("PNG", "P", BLUE),
        ("PNG", "RGBA", BLUE),
        ("TIFF", "CMYK", BLUE),
        ("TIFF", "1", None),
    ],
)
def test_pictures_of_every_mode_are_shown(kind, mode, left):
    _, _, lower_left, lower_right = corners(seen(made_of(described.picture(kind, mode=mode)).pdf))

    assert lower_right == WHITE
    assert left in {None, lower_left}  # black and white are strewn where a colour was


def test_of_sixteen_bits_the_upper_ones_are_shown():
    file = BytesIO()
    Image.new("I;16", (60, 40), 65_535).save(file, format="PNG")

    assert corners(seen(made_of(file.getvalue()).pdf)) == [WHITE] * 4


def test_what_is_transparent_is_white():
    file = BytesIO()
    Image.new("RGBA", (60, 40), (255, 0, 0, 0)).save(file, format="PNG")

    assert corners(seen(made_of(file.getvalue()).pdf)) == [WHITE] * 4


@pytest.mark.parametrize(
    ("kind", "orientation"),
    [*(("JPEG", orientation) for orientation in range(1, 9)), ("PNG", 6), ("TIFF", 6), ("TIFF", 8), ("WEBP", 6)],
)
def test_a_picture_stands_as_its_metadata_says(kind, orientation):
    upright = [RED, RED, BLUE, WHITE]
    turns = {
        1: [0, 1, 2, 3], 2: [1, 0, 3, 2], 3: [3, 2, 1, 0], 4: [2, 3, 0, 1],
        5: [0, 2, 1, 3], 6: [2, 0, 3, 1], 7: [3, 1, 2, 0], 8: [1, 3, 0, 2],
    }  # fmt: skip
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    drawn = seen(made_of(described.picture(kind, exif=exif)).pdf)

    assert corners(drawn) == [upright[corner] for corner in turns[orientation]]
    assert (drawn.width < drawn.height) is (orientation > 4)


def test_every_frame_of_a_tiff_becomes_a_page():
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    file = BytesIO()
    frames[0].save(file, format="TIFF", save_all=True, append_images=frames[1:])

    made = made_of(file.getvalue())

    assert made.pages == 2
    assert [corners(seen(made.pdf, page=page))[0] for page in (1, 2)] == [RED, BLUE]


def test_the_frames_of_a_tiff_are_counted():
    assert made_of(described.tiff_of(frames=12)).pages == 12


@pytest.mark.parametrize(
    ("dpi", "size"),
    [
        pytest.param((300, 300), (144.0, 96.0), id="as large as its resolution says"),
        pytest.param((600, 300), (72.0, 96.0), id="oblong pixels"),
    ],
)
def test_a_page_is_as_large_as_the_picture_would_be_printed(dpi, size):
    assert page_size(described.picture("TIFF", size=(600, 400), mode="1", dpi=dpi)) == size


@pytest.mark.parametrize("dpi", [(1, 1), (2400, 2400), (72, 72)], ids=["absurd", "a stamp", "a poster"])
def test_a_page_of_no_sensible_size_is_a4(dpi):
    wide = described.picture("PNG", size=(1800, 1200), mode="1", dpi=dpi)
    high = described.picture("PNG", size=(1200, 1800), mode="1", dpi=dpi)

    assert (page_size(wide), page_size(high)) == ((841.89, 561.26), (561.26, 841.89))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_nothing_of_the_metadata_comes_along(kind):
    exif = Image.Exif()
    exif[0x010E] = "Taken at home"

    pdf = made_of(described.picture(kind, exif=exif)).pdf

    assert b"Taken" in described.picture(kind, exif=exif)
    assert b"Taken" not in pdf
    assert b"/Info" not in pdf


def test_the_same_picture_gives_the_same_pdf():
    assert picture_to_pdf(described.picture("PNG")) == picture_to_pdf(described.picture("PNG"))


@pytest.mark.parametrize(
    "how", [{}, {"progressive": True}, {"comment": b"by me"}], ids=["plain", "progressive", "comment"]
)
def test_a_jpeg_keeps_its_pixels(how):
    data = described.picture("JPEG", **how)
    kept = without_metadata(data + b"something behind it")

    assert kept in made_of(data).pdf
    assert Image.open(BytesIO(kept)).tobytes() == Image.open(BytesIO(data)).tobytes()
    assert b"JFIF" not in kept
    assert b"by me" not in kept


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", Reason.EMPTY, id="empty"),
        pytest.param(pdfs.plain(), Reason.UNSUPPORTED, id="PDF"),
        pytest.param(described.picture("GIF"), Reason.UNSUPPORTED, id="format that is not read"),
        pytest.param(bombs.png_of(width=7_072, height=7_072), Reason.PIXEL_BOMB, id="just too large"),
        pytest.param(bombs.png_of(width=100_000, height=100_000), Reason.PIXEL_BOMB, id="bomb"),
        pytest.param(WITH_WRONG_CHECKSUM, Reason.DAMAGED, id="wrong checksum"),
        pytest.param(bombs.png_of(width=10, height=10), Reason.DAMAGED, id="no pixels"),
        pytest.param(described.picture("JPEG", size=(600, 400))[:-200], Reason.DAMAGED, id="JPEG, cut off"),
        pytest.param(described.picture("TIFF")[:-200], Reason.DAMAGED, id="TIFF, cut off"),
    ],
)
def test_what_cannot_become_a_pdf_is_an_outcome_with_its_reason(data, reason):
    assert picture_to_pdf(data) == Unreadable.because(reason)
