"""Which rung a file is read from, and what is known of it there."""

import pytest

from buffrsign.documents import (
    Inspected,
    PageSize,
    Reason,
    Rung,
    Sanitised,
    Unreadable,
    inspect,
    sanitise,
    text_of,
)
from buffrsign.documents.encryption import Encryption
from tests.support import described, pdfs, pictures


def read(data: bytes) -> Inspected:
    found = inspect(data)
    assert isinstance(found, Inspected), found
    return found


@pytest.mark.parametrize(
    ("data", "rung"),
    [
        pytest.param(pdfs.plain(), Rung.STRICT, id="sound"),
        pytest.param(pdfs.encrypted(), Rung.STRICT, id="protected"),
        pytest.param(described.with_wrong_xref(), Rung.LENIENT, id="wrong cross references"),
        pytest.param(described.without_xref(), Rung.REBUILT, id="no cross references"),
        pytest.param(described.with_spoilt_trailer(pdfs.plain()), Rung.REBUILT, id="spoilt trailer"),
    ],
)
def test_a_file_is_read_from_the_first_rung_that_holds(data, rung):
    found = read(data)

    assert (found.read_by, found.pages, found.text_extractable) == (rung, 1, True)
    assert found.structure is not None
    assert found.structure.fonts.total == 1


def test_a_file_without_cross_references_is_drawn_and_read_like_a_sound_one():
    data = described.without_xref()

    assert pictures.thumbnail(data) == pictures.thumbnail(pdfs.plain())
    assert "I agree" in str(text_of(data, max_pages=1, max_characters=100))


@pytest.mark.parametrize(
    "data", [described.without_xref(), described.with_spoilt_trailer(pdfs.plain())], ids=["no xref", "spoilt trailer"]
)
def test_a_file_that_must_be_rebuilt_can_be_sanitised(data):
    copied = sanitise(data)

    assert isinstance(copied, Sanitised)
    assert (copied.left_alone, read(copied.pdf).read_by) == (None, Rung.STRICT)


def test_a_file_that_only_pdfium_can_read_is_still_shown():
    too_deep = b"/Deep %s%s" % (b"[" * 2000, b"]" * 2000)
    data = described.telling(catalog=too_deep + b" /AcroForm << /Fields [4 0 R] >>")

    found = read(data)

    assert (found.read_by, found.structure, found.pages) == (Rung.RENDER_ONLY, None, 1)
    assert found.page_sizes == (PageSize(100, 100),)
    assert pictures.opened(pictures.thumbnail(data)).size == (256, 256)


def test_a_page_that_is_lost_between_others_has_no_size_and_no_text():
    data = pdfs.with_page_repeated(times=3).replace(b"[3 0 R 3 0 R 3 0 R ]", b"[3 0 R 9 0 R 3 0 R ]")

    assert read(data).page_sizes == (PageSize(100, 100), PageSize(0, 0), PageSize(100, 100))
    assert text_of(data, max_pages=3, max_characters=100) == "\n\n\n"


def test_what_is_refused_on_one_rung_is_not_tried_on_the_next():
    data = pdfs.with_shared_fields().replace(b"%PDF-1.7\n", b"%PDF-1.7\n%")

    assert inspect(data) == Unreadable.because(Reason.DAMAGED)


def test_a_rebuilt_file_that_was_protected_still_counts_as_protected():
    found = read(pdfs.encrypted().replace(b"/Kids [ 2 0 R ]", b"/Kids [ 9 0 R 2 0 R ]"))

    assert (found.read_by, found.encrypted, found.encryption) == (Rung.REBUILT, True, Encryption("RC4-128", 3))


def test_a_page_that_pypdf_does_not_take_for_one_is_found_by_rebuilding():
    found = read(pdfs.claiming_pages(b"0").replace(b"/Type /Page /", b"/Type /Pige /"))

    assert (found.read_by, found.pages, found.pages_agree) == (Rung.REBUILT, 1, True)
