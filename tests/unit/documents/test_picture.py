from io import BytesIO

import pytest
from PIL import Image

from buffrsign.documents import Picture, Reason, Unreadable, picture_facts
from tests.support import bombs, pdfs


def picture(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (30, 20), "navy").save(file, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_is_known_by_its_format_and_size(kind):
    assert picture_facts(picture(kind)) == Picture(kind, 30, 20)


@pytest.mark.parametrize("edge", [7_072, 12_000, 100_000])
def test_a_picture_of_too_many_pixels_is_refused_undrawn(edge):
    assert picture_facts(bombs.png_of(width=edge, height=edge)) == Unreadable.because(Reason.PIXEL_BOMB)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", Reason.EMPTY, id="empty"),
        pytest.param(picture("GIF"), Reason.UNSUPPORTED, id="format that is not read"),
        pytest.param(pdfs.plain(), Reason.UNSUPPORTED, id="PDF"),
        pytest.param(picture("PNG")[:-20] + b"?" + picture("PNG")[-19:], Reason.DAMAGED, id="wrong checksum"),
    ],
)
def test_what_is_no_such_picture_is_an_outcome_with_its_reason(data, reason):
    assert picture_facts(data) == Unreadable.because(reason)
