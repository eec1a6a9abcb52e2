import pytest

from buffrsign.documents import Reason, Unreadable, text_of
from tests.support import pdfs

GENEROUS = {"max_pages": 100, "max_characters": 100_000}


def test_the_text_of_all_pages_comes_in_their_order():
    text = text_of(pdfs.plain(pages=2), **GENEROUS)

    assert text == "I agree to these terms. Page 1.\nI agree to these terms. Page 2.\n"


def test_no_more_pages_are_read_than_asked_for():
    text = text_of(pdfs.plain(pages=3), max_pages=1, max_characters=100_000)

    assert text == "I agree to these terms. Page 1.\n"


def test_no_more_characters_are_returned_than_asked_for():
    assert text_of(pdfs.plain(pages=3), max_pages=3, max_characters=7) == "I agree"


def test_a_scan_has_no_words():
    assert text_of(pdfs.picture_only(), **GENEROUS).strip() == ""


def test_a_protected_document_without_a_password_can_be_read():
    assert "I agree" in text_of(pdfs.encrypted(), **GENEROUS)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(pdfs.EMPTY, Reason.EMPTY), (pdfs.encrypted(user_password="x"), Reason.ENCRYPTED)],
    ids=["empty", "encrypted"],
)
def test_an_unreadable_file_is_not_taken_for_one_without_words(data, reason):
    assert text_of(data, **GENEROUS) == Unreadable.because(reason)
