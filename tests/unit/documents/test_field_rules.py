"""The layouts that contracts and forms have beyond a label and a line: each test is one of them."""

import time

import pytest

from buffrsign.documents import Field, Fields, FieldType, find_fields
from tests.support.signing import Paper


def found_in(paper: Paper) -> tuple[Field, ...]:
    found = find_fields(paper.written())
    assert isinstance(found, Fields), found
    return found.fields


def kinds(paper: Paper) -> list[str]:
    return [field.type.value for field in found_in(paper)]


def table(paper: Paper, rows: list[tuple[str, ...]], *, top: float = 700.0, wide: float = 110.0) -> Paper:
    for number, cells in enumerate(rows):
        for column, words in enumerate(cells):
            x, y = 72 + column * wide, top - 30 * number
            paper.box(x, y, x + wide, y + 30).say(x + 4, y + 10, words)
    return paper


def test_one_label_serves_two_places_for_initials():
    paper = Paper().say(72, 40, "Page 1 of 3").say(380, 40, "Initials: ______ / ______")

    assert kinds(paper) == ["initials", "initials"]


@pytest.mark.parametrize("typed", ["Initials: MN", "Initials: /s/ JvW", "Initials MN"])
def test_initials_that_were_typed_are_filled(typed):
    [field] = found_in(Paper().say(72, 500, "The parties agree.").say(400, 40, typed))

    assert (field.type, field.filled) == (FieldType.INITIALS, True)


def test_a_word_for_initials_with_nothing_behind_it_asks_for_them():
    assert kinds(Paper().say(72, 500, "The parties agree.").say(400, 40, "Initials:")) == ["initials"]


@pytest.mark.parametrize("words", ["Initial term:", "Please initial each statement:", "The initials of the athlete."])
def test_the_word_alone_asks_for_no_initials(words):
    assert kinds(Paper().say(72, 500, words)) == []


def test_short_lines_beside_a_page_number_in_words_are_for_initials_if_they_come_again():
    paper = Paper()
    for number in (1, 2):
        paper.say(72, 700, "The parties agree ____ times.").say(72, 40, f"Page {number} of 2").rule(450, 490, 40)
        if number == 1:
            paper.page()

    assert kinds(paper) == ["text", "initials", "text", "initials"]


def test_the_left_of_two_empty_labels_for_signatures_is_found_too():
    paper = Paper().say(72, 500, "By:").say(320, 500, "By:").say(72, 470, "Name:").say(320, 470, "Name:")

    assert [(field.type.value, field.owner) for field in found_in(paper)] == [
        ("signature", 1),
        ("signature", 2),
        ("name", 1),
        ("name", 2),
    ]


@pytest.mark.parametrize(
    "company", ["Clarus Partners L.L.C., its general partner", "Etosha Holdings, its managing member"]
)
def test_a_company_behind_by_is_no_signature(company):
    paper = Paper().say(72, 500, f"By: {company}").say(72, 480, "By: /s/ Maria Shikongo")

    assert kinds(paper) == ["signature"]


def test_a_name_behind_by_under_a_signature_is_the_printed_name():
    paper = Paper().say(72, 500, "/s/ Maria Shikongo").say(72, 484, "By: Maria Shikongo").say(72, 468, "Its: Director")

    assert kinds(paper) == ["signature", "name", "text"]


def test_underscores_under_a_typed_signature_are_no_other_place_to_sign():
    paper = Paper().say(72, 500, "By: /s/ Maria Shikongo").say(92, 487, "_" * 24).say(92, 473, "Authorized Signature")

    assert kinds(paper) == ["signature"]


def test_labels_without_a_colon_are_read_under_a_typed_signature():
    paper = Paper().say(72, 500, "By /s/ Maria Shikongo").say(72, 485, "Title Director").say(72, 470, "Date 3 May 2026")

    assert kinds(paper) == ["signature", "text", "date"]


def test_such_words_are_nothing_where_nobody_signed():
    assert kinds(Paper().say(72, 500, "Signature: _________").say(72, 300, "Title Director")) == ["signature"]


def test_a_value_that_is_glued_to_its_label_is_found():
    paper = Paper().say(72, 500, "By:/s/ Maria Shikongo").say(72, 485, "Name:Maria Shikongo")

    assert kinds(paper) == ["signature", "name"]


def test_a_particular_that_was_left_out_of_a_list_is_found():
    paper = Paper().say(72, 500, "Telephone: 061 234 567").say(72, 485, "E-mail:").say(72, 470, "Fax: 061 234 568")

    [field] = found_in(paper)
    assert (field.type, field.filled) == (FieldType.TEXT, False)


@pytest.mark.parametrize(("placeholder", "kind"), [("<<enter name of agent>>", "name"), ("[Date]", "date")])
def test_words_that_stand_for_others_are_places_to_fill_in(placeholder, kind):
    paper = Paper().say(72, 520, "Dated ________").say(72, 500, f"between {placeholder} and the client")

    assert kinds(paper) == ["date", kind]


def test_what_is_in_brackets_behind_a_gap_says_what_it_is_for():
    paper = Paper().say(72, 500, "I, ______________ (full names),").say(72, 480, "of ____________ (address),")

    assert kinds(paper) == ["name", "text"]


def test_what_a_short_word_follows_is_a_gap_and_no_entry_of_a_list_of_contents():
    assert kinds(Paper().say(72, 500, "hereby appoint ______________ and")) == ["text"]


def test_empty_cells_are_for_what_the_heading_of_their_column_says():
    paper = table(Paper(), [("Name", "Capacity", "Signature"), ("M. Shikongo", "", ""), ("J. van Wyk", "", "")])

    found = found_in(paper)
    assert [field.type.value for field in found] == ["text", "signature", "text", "signature"]
    assert found[0].owner == found[1].owner != found[2].owner == found[3].owner


def test_empty_cells_among_values_are_none():
    assert kinds(table(Paper(), [("Date", "Event", "Title"), ("1 May", "Start", ""), ("2 May", "", "Report")])) == []


def test_a_row_of_small_boxes_is_one_place():
    paper = Paper().say(72, 500, "Date of birth")
    for number in range(8):
        paper.box(170 + 16 * number, 496, 186 + 16 * number, 512)

    [field] = found_in(paper)
    assert (field.type, field.rect) == (FieldType.DATE, (170, 496, 298, 512))


def test_a_box_under_its_label_is_found_and_others_like_it_on_the_page():
    paper = Paper()
    for row, label in enumerate(("Full name", "Postal address:", "Reason for the request")):
        paper.say(72, 700 - 60 * row, label).box(72, 670 - 60 * row, 330, 694 - 60 * row)

    assert kinds(paper) == ["name", "text", "text"]


def test_dots_with_a_gap_between_them_are_two_places():
    paper = Paper().say(72, 500, "." * 50).say(320, 500, "." * 50).say(72, 485, "Signature").say(320, 485, "Date")

    assert kinds(paper) == ["signature", "date"]


def test_one_who_signs_for_three_named_parties_on_a_page_signs_for_each():
    paper = Paper()
    for number, party in enumerate(("Alpha Inc.", "Beta Ltd", "Gamma LLC")):
        paper.say(72 + 160 * number, 520, party).say(72 + 160 * number, 500, "By: /s/ M. Shikongo")

    assert [field.owner for field in found_in(paper)] == [1, 2, 3]


def test_everything_under_one_done_and_signed_is_one_partys():
    paper = Paper()
    for y in (600, 400):
        paper.say(72, y, "THUS DONE AND SIGNED at ____________ on this ____ day of ________")
        paper.say(72, y - 40, "AS WITNESSES:").say(72, y - 70, "Signature: __________")
        paper.say(320, y - 70, "Signature: __________")

    assert [field.owner for field in found_in(paper)] == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]


def test_a_page_of_hundreds_of_cells_full_of_labels_is_read_within_the_time_of_a_file():
    paper = Paper()
    for row in range(24):
        for column in range(24):
            x, y = 10 + 24 * column, 20 + 34 * row
            paper.box(x, y, x + 24, y + 34)
            for line in (2, 12, 22):
                paper.say(x + 1, y + line, "Name:")

    began_s = time.process_time()
    found_in(paper)

    assert time.process_time() - began_s < 2
