import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from buffrsign.documents import Active, LeftAlone, Reason, Sanitised, Unreadable, sanitise
from buffrsign.documents.look import look_at
from tests.support import pdfs
from tests.support.active_pdfs import ACTIVE, HARMLESS, document, hidden_where_a_name_is_lost, link

EVERY_ACTIVE = pytest.mark.parametrize(("data", "removed"), ACTIVE.values(), ids=ACTIVE)
TRACES = re.compile(
    rb"/(JS|JavaScript|Launch|GoTo[RE]|SubmitForm|ImportData|Hide|Print|Teleport|Rendition|EF|EmbeddedFiles?|AF|AA|XFA"
    rb"|Collection|FileAttachment|Movie|Sound|RichMedia\w*|Screen|3D\w?|FS)\b|javascript:|file:|\\\\host|evil|app\.alert"
)
ORDINARY = {
    "plain": pdfs.plain(pages=3),
    "picture": pdfs.picture_only(),
    "turned": pdfs.rotated(),
    "cropped": pdfs.cropped(),
    "filled-in field": pdfs.with_filled_field(),
    "bytes after the end": pdfs.with_garbage_tail(),
    "protected": pdfs.encrypted(),
    "protected with AES-256": pdfs.aes256_with_empty_password(),
}


def copy_of(data: bytes, **options: int) -> Sanitised:
    made = sanitise(data, **options)
    assert isinstance(made, Sanitised)
    assert made.left_alone is None
    return made


def with_plain_names(data: bytes) -> bytes:
    """The file with `/J#53` written `/JS` (ISO 32000-2, 7.3.5)."""
    return re.sub(rb"#([0-9A-F]{2})", lambda code: bytes.fromhex(code[1].decode()), data)


@EVERY_ACTIVE
def test_what_acts_is_found_counted_and_gone(data, removed):
    made = copy_of(data)

    assert made.removed == removed
    assert TRACES.search(with_plain_names(data))
    assert not TRACES.search(with_plain_names(made.pdf))


@EVERY_ACTIVE
def test_a_page_looks_the_same_without_what_acted_on_it(data, removed):
    made = copy_of(data)

    assert (made.pages, made.compared) == (1, 1)
    assert look_at(made.pdf).pictures == look_at(data).pictures


@EVERY_ACTIVE
def test_a_copy_of_a_copy_is_the_same_and_nothing_is_found_in_it(data, removed):
    made = copy_of(data)

    again = copy_of(made.pdf)

    assert (again.pdf, again.removed) == (made.pdf, {})


@pytest.mark.parametrize(("data", "kept"), HARMLESS.values(), ids=HARMLESS)
def test_what_does_not_act_stays(data, kept):
    made = copy_of(data)

    assert made.removed == {}
    assert kept in made.pdf


@pytest.mark.parametrize("data", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_document_is_copied_as_it_looks_in_the_same_bytes_each_time(data):
    made = copy_of(data)

    assert made.removed == {}
    assert made == copy_of(data)
    assert copy_of(made.pdf).pdf == made.pdf
    assert look_at(made.pdf).pictures == look_at(data).pictures
    assert b"/Encrypt" not in made.pdf


def test_what_follows_a_removed_action_is_still_done():
    jump = b"<< /S /GoTo /D [3 0 R /Fit] >>"
    data = link(
        b"<< /S /Launch /F (evil.exe) /Next [<< /S /Hide >> << /S /URI /URI (https://a.na/) /Next %s >>] >>" % jump
    )

    made = copy_of(data)

    assert made.removed == {Active.LAUNCH: 1, Active.OTHER_ACTION: 1}
    with PdfReader(BytesIO(made.pdf)) as reader:
        action = reader.pages[0]["/Annots"][0]["/A"]
        assert (action["/S"], action["/URI"]) == ("/URI", "https://a.na/")
        assert [following["/S"] for following in action["/Next"]] == ["/GoTo"]


def test_actions_that_follow_each_other_in_more_ways_than_can_be_walked_are_each_met_once():
    steps = 60
    chain = [b"<< /S /Launch /F (evil.exe) /Next [%d 0 R %d 0 R] >>" % (n + 1, n + 1) for n in range(5, 5 + steps)]

    made = copy_of(document(*chain, b"<< /S /Hide >>", catalog=b"/OpenAction 5 0 R"))

    assert made.removed == {Active.LAUNCH: steps, Active.OTHER_ACTION: 1}


def test_a_file_on_a_page_leaves_its_picture_behind_as_a_stamp():
    made = copy_of(ACTIVE["file on a page"][0])

    assert b"/Subtype /Stamp" in made.pdf
    assert look_at(made.pdf).pictures != look_at(ACTIVE["file on a page, not shown"][0]).pictures


def test_the_values_of_a_form_outlive_its_xml():
    made = copy_of(ACTIVE["XFA"][0])

    assert b"/V (Anna)" in made.pdf
    assert b"/Fields" in made.pdf


def test_a_signed_document_is_left_alone_unless_it_is_asked_for():
    signed = pdfs.with_field(kind="/Sig", value=True)

    left = sanitise(signed)

    assert left == Sanitised(pdf=b"", left_alone=LeftAlone.SIGNED, removed={}, pages=1, compared=1)
    assert b"/Sig" in copy_of(signed, even_signed=1).pdf


def test_a_copy_that_would_look_different_is_not_handed_out():
    left = sanitise(hidden_where_a_name_is_lost())

    assert isinstance(left, Sanitised)
    assert (left.pdf, left.left_alone) == (b"", LeftAlone.LOOK_CHANGED)


def test_only_so_many_pages_are_compared_and_the_copy_says_how_many():
    data = pdfs.plain(pages=3)

    assert copy_of(data, compare_pages=2).compared == 2
    assert copy_of(data, compare_ms=0).compared == 1
    assert copy_of(data).pages == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(pdfs.EMPTY, Reason.EMPTY, id="empty"),
        pytest.param(pdfs.NOT_A_PDF, Reason.NOT_A_PDF, id="not a PDF"),
        pytest.param(pdfs.encrypted(user_password="x"), Reason.ENCRYPTED, id="password"),
        pytest.param(pdfs.aes256_with_user_password(), Reason.ENCRYPTED, id="password, AES-256"),
        pytest.param(pdfs.without_pages(), Reason.DAMAGED, id="no pages"),
        pytest.param(pdfs.plain()[:200], Reason.DAMAGED, id="cut off"),
        pytest.param(pdfs.with_shared_fields(), Reason.DAMAGED, id="exponential field tree"),
    ],
)
def test_a_file_that_cannot_be_copied_is_an_outcome_with_its_reason(data, reason):
    assert sanitise(data) == Unreadable.because(reason)
