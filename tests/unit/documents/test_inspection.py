import hashlib
import logging

import msgspec
import pytest

from buffrsign.documents import MAX_BYTES, MAX_PAGE_SIZES, MAX_PAGES, Inspected, PageSize, Reason, Unreadable, inspect
from tests.support import pdfs


def test_a_plain_document_is_known_by_its_digest_its_pages_and_its_text():
    data = pdfs.plain(pages=3)

    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.size_bytes, found.pages, found.pdf_version) == (len(data), 3, "1.3")
    assert found.page_sizes == (PageSize(595.28, 841.89),) * 3
    assert found.text_extractable
    assert [found.encrypted, found.has_forms, found.has_signatures] == [False, False, False]


def test_what_was_found_survives_json():
    found = inspect(pdfs.plain())

    assert msgspec.json.decode(msgspec.json.encode(found), type=Inspected) == found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(pdfs.EMPTY, Reason.EMPTY, id="empty"),
        pytest.param(pdfs.NOT_A_PDF, Reason.NOT_A_PDF, id="not a PDF"),
        pytest.param(b" " * 1024 + pdfs.plain(), Reason.NOT_A_PDF, id="header too late"),
        pytest.param(pdfs.encrypted(user_password="correct horse"), Reason.ENCRYPTED, id="RC4"),
        pytest.param(pdfs.aes256_with_user_password(), Reason.ENCRYPTED, id="AES-256"),
        pytest.param(b"%PDF-1.7\n" + bytes(range(256)) * 4, Reason.DAMAGED, id="only a header"),
        pytest.param(pdfs.with_cyclic_page_tree(), Reason.DAMAGED, id="cyclic page tree"),
        pytest.param(pdfs.with_shared_fields(), Reason.DAMAGED, id="exponential field tree"),
        pytest.param(pdfs.without_pages(), Reason.DAMAGED, id="no pages"),
        pytest.param(pdfs.with_page_repeated(times=MAX_PAGES + 1), Reason.TOO_MANY_PAGES, id="5,001 pages"),
        pytest.param(pdfs.with_page_repeated(times=50_000), Reason.TOO_MANY_PAGES, id="50,000 pages"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_outcome_with_its_reason(data, reason):
    assert inspect(data) == Unreadable.because(reason)


def test_a_document_without_pages_is_not_blamed_for_what_was_wrong_with_the_one_before():
    inspect(pdfs.encrypted(user_password="correct horse"))

    assert inspect(pdfs.without_pages()) == Unreadable.because(Reason.DAMAGED)


def test_a_file_above_the_size_limit_is_refused_unread():
    assert inspect(b"%PDF-1.7" + bytes(MAX_BYTES)) == Unreadable.because(Reason.TOO_LARGE)


def test_every_reason_has_a_sentence():
    assert all(Unreadable.because(reason).detail.endswith(".") for reason in Reason)


@pytest.mark.parametrize("data", [pdfs.encrypted(), pdfs.aes256_with_empty_password()], ids=["RC4", "AES-256"])
def test_a_protected_document_that_opens_without_a_password_is_readable(data):
    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.encrypted
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.pages == 1


@pytest.mark.parametrize("count", [b"1000000000", b"-7", b"0", b"(many)", b"null"])
def test_pages_are_counted_whatever_the_file_claims(count):
    found = inspect(pdfs.claiming_pages(count))

    assert isinstance(found, Inspected)
    assert found.pages == 1


def test_a_document_that_hides_pages_says_so():
    data = pdfs.with_page_repeated(times=3).replace(b"/Count 3", b"/Count 1")

    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.structure is not None
    assert (found.pages, found.structure.pages, found.pages_agree) == (1, 3, False)


def test_a_document_that_claims_pages_it_has_not_shows_those_that_are_there():
    found = inspect(pdfs.claiming_pages(b"6000"))

    assert isinstance(found, Inspected)
    assert (found.pages, found.pages_agree) == (1, True)


def test_a_document_with_bytes_before_and_after_it_is_readable():
    found = inspect(b"\r\n\r\n" + pdfs.with_garbage_tail())

    assert isinstance(found, Inspected)
    assert found.pages == 1


def test_a_scan_has_no_text():
    found = inspect(pdfs.picture_only())

    assert isinstance(found, Inspected)
    assert not found.text_extractable


@pytest.mark.parametrize(
    ("data", "size"),
    [(pdfs.rotated(), PageSize(200, 400)), (pdfs.cropped(), PageSize(200, 100))],
    ids=["rotated", "cropped"],
)
def test_a_page_has_the_size_that_its_reader_sees(data, size):
    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.page_sizes == (size,)


def test_the_list_of_page_sizes_is_bounded():
    found = inspect(pdfs.with_page_repeated(times=MAX_PAGE_SIZES + 50))

    assert isinstance(found, Inspected)
    assert (found.pages, len(found.page_sizes)) == (MAX_PAGE_SIZES + 50, MAX_PAGE_SIZES)


@pytest.mark.parametrize(
    ("data", "has_signatures"),
    [
        pytest.param(pdfs.with_field(), False, id="text field"),
        pytest.param(pdfs.with_field(value=True), False, id="filled text field"),
        pytest.param(pdfs.with_field(kind="/Sig"), False, id="signature field, unsigned"),
        pytest.param(pdfs.with_field(kind="/Sig", value=True), True, id="signature"),
        pytest.param(pdfs.with_field(kind="/Sig", value=True, inherited=True), True, id="signature, type inherited"),
    ],
)
def test_a_form_is_noticed_and_a_signature_only_where_one_is(data, has_signatures):
    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.has_forms
    assert found.has_signatures is has_signatures


def test_a_later_version_in_the_catalog_counts():
    later = pdfs.claiming_pages(b"1").replace(b"/Type /Catalog", b"/Version /2.0 /Type /Catalog")
    earlier = pdfs.claiming_pages(b"1").replace(b"/Type /Catalog", b"/Version /1.2 /Type /Catalog")

    versions = [found.pdf_version for found in (inspect(later), inspect(earlier)) if isinstance(found, Inspected)]

    assert versions == ["2.0", "1.7"]


def test_a_header_without_a_version_names_none():
    found = inspect(pdfs.claiming_pages(b"1").replace(b"%PDF-1.7", b"%PDF-a.b"))

    assert isinstance(found, Inspected)
    assert found.pdf_version is None


def test_what_the_libraries_say_about_a_document_stays_out_of_the_log(caplog):
    caplog.set_level(logging.DEBUG)

    for data in (pdfs.truncated(), pdfs.with_cyclic_page_tree(), pdfs.with_garbage_tail(), pdfs.claiming_pages(b"(x)")):
        inspect(data)

    assert {record.name for record in caplog.records} <= {"buffrsign.documents.border"}
    assert {record.getMessage() for record in caplog.records} <= {"document could not be read"}
