"""Which parts of a paragraph a clause is found in."""

from evaluation.analysis.placing import letters, placed

PARTS = [
    "The Buyer pays within thirty days of the invoice.",
    "This Agreement is governed by the laws of Namibia.",
    "Neither party may assign it without consent.",
]
LAW = (letters(PARTS[1]), ["Governing Law"])


def test_a_label_belongs_to_the_part_in_which_its_clause_stands():
    assert placed(PARTS, ["Governing Law"], [LAW]) == [set(), {"Governing Law"}, set()]


def test_white_space_and_quotation_marks_do_not_matter():
    clause = (letters("this  “Agreement”\nis governed by the laws of Namibia"), ["Governing Law"])

    assert placed(PARTS, ["Governing Law"], [clause]) == [set(), {"Governing Law"}, set()]


def test_a_clause_that_reaches_a_few_letters_into_a_part_is_not_in_it():
    clause = (letters(f"{PARTS[1]} Neither"), ["Governing Law"])

    assert placed(PARTS, ["Governing Law"], [clause]) == [set(), {"Governing Law"}, set()]


def test_of_a_clause_that_goes_on_elsewhere_the_edges_are_found():
    far = "x" * 200
    begun, ended = (letters(text) for text in (" ".join(PARTS[1:]) + far, far + " ".join(PARTS[:2])))

    assert placed(PARTS, ["Law"], [(begun, ["Law"])]) == [set(), {"Law"}, {"Law"}]
    assert placed(PARTS, ["Law"], [(ended, ["Law"])]) == [{"Law"}, {"Law"}, set()]
    assert placed(PARTS[1:2], ["Law"], [(letters(" ".join(PARTS)), ["Law"])]) == [{"Law"}]


def test_a_label_whose_clause_is_not_there_is_given_to_all_parts():
    assert placed(PARTS, ["Insurance"], [LAW]) == [{"Insurance"}] * 3


def test_a_label_that_the_paragraph_lacks_is_given_to_no_part():
    assert placed(PARTS, [], [LAW]) == [set(), set(), set()]
