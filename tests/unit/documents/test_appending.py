from io import BytesIO

import pypdfium2
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle

from buffrsign.documents import Appended, LeftAlone, Reason, Unreadable, append_pages
from buffrsign.documents.look import look_at
from tests.support import pdfs
from tests.support.active_pdfs import with_field

OURS = pdfs.plain(pages=2, text="Ours.")
DOCUMENTS = {
    "plain": pdfs.plain(pages=3),
    "turned": pdfs.rotated(),
    "cropped": pdfs.cropped(),
    "filled-in field": pdfs.with_filled_field(),
    "protected": pdfs.encrypted(),
    "bytes after the end": pdfs.with_garbage_tail(),
}


def appended(document: bytes, ours: bytes = OURS) -> Appended | Unreadable:
    return append_pages(document + ours, first_bytes=len(document))


def whole(document: bytes, ours: bytes = OURS) -> Appended:
    made = appended(document, ours)
    assert isinstance(made, Appended)
    assert made.left_alone is None
    return made


def with_labels_and_outline() -> bytes:
    """Three pages, numbered i, ii, iii, the second with a bookmark."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdfs.plain(pages=3))))
    writer.set_page_label(0, 2, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.add_outline_item(title="The second", page_number=1)
    writer.add_metadata({"/Title": "A title"})
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_our_pages_come_behind_and_the_documents_own_look_as_before(document):
    made = whole(document)

    before, after = look_at(document), look_at(made.pdf)
    assert (made.pages, made.added, made.compared) == (before.pages + 2, 2, before.pages)
    assert after.pictures == before.pictures + look_at(OURS).pictures


def test_the_whole_opens_in_both_readers_with_all_its_pages():
    made = whole(pdfs.plain(pages=3))

    with PdfReader(BytesIO(made.pdf)) as reader:
        assert ["Ours" in page.extract_text() for page in reader.pages] == [False, False, False, True, True]
    with pypdfium2.PdfDocument(made.pdf) as document:
        assert len(document) == 5


def test_outline_page_labels_and_metadata_are_the_documents():
    made = whole(with_labels_and_outline())

    with PdfReader(BytesIO(made.pdf)) as reader:
        assert reader.page_labels[:3] == ["i", "ii", "iii"]
        assert [(item.title, reader.get_destination_page_number(item)) for item in reader.outline] == [
            ("The second", 1)
        ]
        assert reader.metadata is not None
        assert reader.metadata.title == "A title"


def test_a_form_keeps_its_fields_and_values():
    made = whole(with_field(b""))

    with PdfReader(BytesIO(made.pdf)) as reader:
        assert reader.get_form_text_fields() == {"name": "Anna"}


def test_the_same_two_files_give_the_same_bytes():
    assert whole(pdfs.plain()) == whole(pdfs.plain())


def test_nothing_is_put_behind_signatures():
    signed = pdfs.with_field(kind="/Sig", value=True)

    left = appended(signed)

    assert left == Appended(pdf=b"", left_alone=LeftAlone.SIGNED, pages=1, added=0, compared=1)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(pdfs.NOT_A_PDF, Reason.NOT_A_PDF, id="not a PDF"),
        pytest.param(pdfs.encrypted(user_password="x"), Reason.ENCRYPTED, id="password"),
        pytest.param(pdfs.without_pages(), Reason.DAMAGED, id="no pages"),
        pytest.param(pdfs.with_shared_fields(), Reason.DAMAGED, id="exponential field tree"),
    ],
)
def test_a_document_that_cannot_be_written_anew_is_an_outcome_with_its_reason(document, reason):
    assert appended(document) == Unreadable.because(reason)
