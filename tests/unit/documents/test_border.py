import struct
import zlib

import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.border import reads_pdf

DATA = b"%PDF-1.7"


@pytest.mark.parametrize(
    "error",
    [KeyError("/Root"), AssertionError(), RecursionError(), struct.error(), zlib.error(), SyntaxError()],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_parser_raises_the_document_is_damaged(error):
    @reads_pdf
    def read(data: bytes) -> int:
        raise error

    assert read(DATA) == Unreadable.because(Reason.DAMAGED)


def test_a_document_that_takes_more_memory_than_there_is_is_not_called_damaged():
    @reads_pdf
    def read(data: bytes) -> int:
        raise MemoryError

    assert read(DATA) == Unreadable.because(Reason.RESOURCE_LIMIT)


def test_an_error_is_logged_by_its_class_and_never_by_its_words(caplog):
    @reads_pdf
    def read(data: bytes) -> int:
        raise ValueError("the seller, N. Shikongo, of Rundu")

    read(DATA)

    [record] = caplog.records
    assert record.fields == {"error": "ValueError"}
    assert "Shikongo" not in caplog.text


def test_a_time_limit_passes_because_it_says_nothing_about_the_document():
    @reads_pdf
    def read(data: bytes) -> int:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        read(DATA)


def test_an_interruption_passes():
    @reads_pdf
    def read(data: bytes) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(DATA)
