import re
from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject

from buffrsign.documents import Field, Fields, FieldType, Reason, Unreadable, find_fields
from buffrsign.documents.fields import MAX_FIELDS
from buffrsign.documents.fields.grounds import Ground
from evaluation.fields.layouts.widgets import Widget, with_widgets
from tests.support import described, pdfs
from tests.support.signing import HEIGHT_PT, SIZE_PT, Paper, agreement

PARTIES = ("Namib Trading CC", "Oshana Farms Ltd")


def found_in(data: bytes) -> Fields:
    found = find_fields(data)
    assert isinstance(found, Fields), found
    return found


def kinds(data: bytes) -> list[str]:
    return [field.type.value for field in found_in(data).fields]


def only(data: bytes) -> Field:
    [field] = found_in(data).fields
    return field


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Signature:", "signature"),
        ("By:", "signature"),
        ("Witness:", "signature"),
        ("Full name:", "name"),
        ("Name of signatory:", "name"),
        ("Date of signature:", "date"),
        ("Place:", "place"),
        ("Initials:", "initials"),
        ("Title:", "text"),
        ("Handtekening:", "signature"),
        ("Getuie:", "signature"),
        ("Volle naam:", "name"),
        ("Datum:", "date"),
        ("Paraaf:", "initials"),
        ("Namens:", "signature"),
        ("Unterschrift:", "signature"),
        ("Vollständiger Name:", "name"),
        ("Ort, Datum:", "place"),
        ("Zeuge:", "signature"),
        ("Paraphe:", "initials"),
        ("Für:", "signature"),
    ],
)
def test_what_a_line_is_for_is_what_its_label_says(label, kind):
    assert kinds(Paper().say(72, 500, label).rule(200, 380, 500).written()) == [kind]


@pytest.mark.parametrize("run", ["_" * 30, "." * 60, "-" * 40, "_ " * 15])
def test_runs_of_characters_are_as_good_as_lines(run):
    assert kinds(Paper().say(72, 500, f"Signature: {run}").written()) == ["signature"]


def test_a_line_has_its_label_under_it_where_none_is_before_it():
    data = Paper().rule(72, 250, 500).say(72, 486, "Signature").rule(300, 450, 500).say(300, 486, "Date").written()

    assert kinds(data) == ["signature", "date"]


def test_the_place_to_write_reaches_from_the_line_to_the_height_of_the_writing():
    field = only(Paper().say(72, 500, "Signature:").rule(140, 320, 500).written())

    x0, y0, x1, y1 = field.rect
    assert (x0, x1) == (140, 320)
    assert y0 == pytest.approx(500, abs=1)
    assert y1 - y0 == pytest.approx(SIZE_PT, rel=0.2)


def test_gaps_in_a_sentence_on_where_and_when_are_a_place_and_parts_of_a_date():
    data = Paper().say(72, 500, "SIGNED at ____________ on this ____ day of ________ 20__.").written()

    assert kinds(data) == ["place", "date", "date", "date"]


def test_a_gap_in_another_sentence_is_text_of_nobody():
    field = only(Paper().say(72, 500, "The rent is N$ __________ for each month.").written())

    assert (field.type, field.owner) == (FieldType.TEXT, None)


@pytest.mark.parametrize(
    "paper",
    [
        pytest.param(Paper().say(72, 500, "Signatures" + "." * 80 + " 12"), id="list of contents"),
        pytest.param(Paper().say(72, 500, "DATE AND SIGNATURE").rule(72, 215, 498), id="heading with a line under it"),
        pytest.param(Paper().say(72, 520, "Signed below.").rule(40, 555, 500), id="line between sections"),
        pytest.param(Paper().say(72, 500, "The name of the account holder appears on the invoice."), id="words"),
    ],
)
def test_what_only_looks_like_a_field_is_none(paper):
    assert kinds(paper.written()) == []


def test_a_signature_that_was_typed_is_filled():
    data = Paper().say(72, 500, "By: /s/ Anna Beukes").say(72, 480, "Name: Anna Beukes").written()

    signature, name = found_in(data).fields
    assert (signature.type, signature.filled) == (FieldType.SIGNATURE, True)
    assert (name.type, name.filled) == (FieldType.NAME, True)


def test_an_empty_cell_is_for_what_the_cell_before_it_says():
    paper = Paper()
    for row, label in enumerate(("Signature", "Date")):
        y = 500 - 30 * row
        paper.box(72, y, 172, y + 30).say(78, y + 10, label).box(172, y, 400, y + 30)

    signature, date = found_in(paper.written()).fields

    assert (signature.type, signature.rect) == (FieldType.SIGNATURE, (172, 500, 400, 530))
    assert (date.type, date.rect) == (FieldType.DATE, (172, 470, 400, 500))


def test_small_squares_and_brackets_before_words_are_there_to_be_ticked():
    data = Paper().box(72, 500, 82, 510).say(90, 501, "I accept.").say(72, 470, "[ ] Send me a copy.").written()

    assert kinds(data) == ["checkbox", "checkbox"]


def test_short_lines_at_the_foot_of_every_page_are_for_initials():
    paper = Paper()
    for number in (1, 2):
        paper.say(72, 700, "The parties agree.").say(290, 40, str(number)).say(480, 40, "____")
        if number == 1:
            paper.page()

    assert [(field.type, field.page) for field in found_in(paper.written()).fields] == [
        (FieldType.INITIALS, 1),
        (FieldType.INITIALS, 2),
    ]


def test_a_block_is_its_partys_and_the_parties_come_in_their_order():
    found = found_in(agreement(parties=PARTIES))

    assert [(owner.number, owner.heading) for owner in found.owners] == [(1, PARTIES[0]), (2, PARTIES[1])]
    assert [(field.type.value, field.owner) for field in found.fields] == [
        ("signature", 1),
        ("date", 1),
        ("signature", 2),
        ("date", 2),
    ]


def test_parties_side_by_side_are_told_apart():
    paper = Paper()
    for x, party in ((72, PARTIES[0]), (320, PARTIES[1])):
        paper.say(x, 540, party).say(x, 500, "By:").rule(x + 30, x + 200, 500)

    assert [field.owner for field in found_in(paper.written()).fields] == [1, 2]


def test_a_party_that_signs_twice_stays_the_same():
    paper = Paper()
    for party in (*PARTIES, PARTIES[0]):
        paper.say(72, 540, party).say(72, 500, "By:").rule(110, 300, 500).page()

    assert [field.owner for field in found_in(paper.written()).fields] == [1, 2, 1]


@pytest.mark.parametrize(
    ("form_type", "name", "tooltip", "kind"),
    [
        ("/Sig", "f1", "", "signature"),
        ("/Tx", "date_signed_1", "", "date"),
        ("/Tx", "FullName", "", "name"),
        ("/Tx", "f1", "Place of signing", "place"),
        ("/Btn", "f1", "", "checkbox"),
        ("/Tx", "f1", "", "text"),
    ],
)
def test_a_forms_own_field_is_what_its_kind_or_its_names_say(form_type, name, tooltip, kind):
    widget = Widget(0, name, form_type, RectangleObject((72, 500, 220, 520)), tooltip)

    field = only(with_widgets(pdfs.plain(), [widget]))

    assert (field.type.value, field.rect, field.page) == (kind, (72, 500, 220, 520), 1)


def test_a_form_field_without_a_telling_name_is_what_the_words_beside_it_say():
    data = Paper().say(72, 500, "Date:").written()

    assert kinds(with_widgets(data, [Widget(0, "f1", "/Tx", RectangleObject((140, 495, 280, 515)))])) == ["date"]


def test_places_are_counted_from_the_visible_corner_of_the_upright_page():
    writer = PdfWriter(clone_from=PdfReader(BytesIO(Paper().say(172, 500, "Signature:").rule(240, 420, 500).written())))
    writer.pages[0].cropbox = RectangleObject((100, 200, 500, 700))
    cropped = BytesIO()
    writer.write(cropped)

    x0, y0, x1, _ = only(cropped.getvalue()).rect

    assert (x0, x1) == (140, 320)
    assert y0 == pytest.approx(300, abs=1)


def test_a_page_that_is_turned_to_stand_upright_is_read_as_it_is_shown():
    lying = PdfWriter(clone_from=PdfReader(BytesIO(agreement(parties=PARTIES))))
    page = lying.pages[0]
    page.rotate(90)
    page.transfer_rotation_to_content()
    page.rotate(270)
    file = BytesIO()
    lying.write(file)

    upright, turned = found_in(agreement(parties=PARTIES)), found_in(file.getvalue())

    assert [field.type for field in turned.fields] == [field.type for field in upright.fields]
    for one, other in zip(turned.fields, upright.fields, strict=True):
        assert one.rect == pytest.approx(other.rect, abs=1.5)


def test_a_reason_is_one_of_the_rules_sentences_and_its_confidence_is_the_rules():
    reasons = {ground.reason: ground.confidence for ground in Ground}

    for field in found_in(agreement(parties=PARTIES)).fields:
        assert reasons[field.reason] == field.confidence


def test_no_more_fields_are_returned_than_the_bound_and_all_are_counted():
    paper = Paper()
    for page in range(17):
        for row in range(30):
            paper.say(72, HEIGHT_PT - 50 - 25 * row, "Signature: ______________")
        if page < 16:
            paper.page()

    found = found_in(paper.written())

    assert (len(found.fields), found.total) == (MAX_FIELDS, 510)


def test_a_page_full_of_underscores_is_read_in_good_time():
    paper = Paper()
    for row in range(250):
        paper.say(2, 3.2 * row, "Signature: __ " * 30)

    assert found_in(paper.written()).pages == 1


def test_pages_without_a_cue_are_not_looked_at_closely():
    found = found_in(pdfs.plain(pages=9))

    assert (found.pages, found.pages_read, found.fields) == (9, 0, ())


def test_what_was_found_until_the_time_was_over_is_kept_and_the_rest_is_counted():
    data = agreement(parties=PARTIES)

    found = find_fields(data, cpu_ms=0)

    assert isinstance(found, Fields)
    assert (found.fields, found.pages_skipped, found_in(data).pages_skipped) == ((), 1, 0)


def test_of_a_page_that_is_a_drawing_only_the_words_count():
    paper = Paper().say(72, 500, "Signature: ______________").say(300, 500, "Date:")
    for number in range(700):
        paper.rule(330, 500, 10 + 1.1 * number)

    assert kinds(paper.written()) == ["signature"]


def test_scans_have_no_fields():
    assert kinds(pdfs.picture_only()) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [(pdfs.EMPTY, Reason.EMPTY), (pdfs.encrypted(user_password="x"), Reason.ENCRYPTED)],
    ids=["empty", "encrypted"],
)
def test_an_unreadable_file_is_an_outcome_with_its_reason(data, reason):
    assert find_fields(data) == Unreadable.because(reason)


def test_a_page_that_is_not_there_stops_no_other():
    paper = Paper().say(72, 700, "Signature:").rule(140, 320, 700)
    paper.page()
    paper.say(72, 700, "Date:").rule(140, 320, 700)
    torn = re.sub(rb"/Kids \[\d+ 0 R", b"/Kids [null ", paper.written())

    assert [(field.type, field.page) for field in found_in(torn).fields] == [(FieldType.DATE, 2)]


def test_the_form_of_a_damaged_file_is_read_as_it_is_rebuilt():
    whole = with_widgets(pdfs.plain(), [Widget(0, "signature", "/Sig", RectangleObject((10, 10, 90, 30)))])

    assert kinds(described.with_spoilt_trailer(whole)) == ["signature"]
