import pytest

from buffrsign.documents import Field, FieldType
from evaluation.fields.label import Kind, Label
from evaluation.fields.match import TOLERANCE_PT, matched
from evaluation.fields.score import Score

LINE = (100.0, 500.0, 200.0, 510.0)


def label(kind: Kind = "signature", *, rect=LINE, page: int = 1, owner: int | None = 1) -> Label:
    return Label(kind, page, rect, owner)


def field(kind: str = "signature", *, rect=LINE, page: int = 1, owner: int | None = 1) -> Field:
    return Field(FieldType(kind), page, rect, owner, filled=False, confidence=0.9, reason="a line")


@pytest.mark.parametrize(
    ("rect", "is_same"),
    [
        pytest.param((150.0, 500.0, 250.0, 510.0), True, id="a third of the union"),
        pytest.param((100.0, 500.0, 400.0, 510.0), True, id="the middle of one in the other"),
        pytest.param((100.0, 500.0 + TOLERANCE_PT, 200.0, 512.0 + TOLERANCE_PT), True, id="a line higher"),
        pytest.param((100.0, 530.0, 200.0, 540.0), False, id="two lines higher"),
        pytest.param((190.0, 500.0, 400.0, 510.0), False, id="beside it"),
    ],
)
def test_a_place_is_the_same_if_it_overlaps_or_holds_the_middle(rect, is_same):
    assert bool(matched([label()], [field(rect=rect)]).pairs) is is_same


def test_places_on_different_pages_are_different():
    assert matched([label(page=1)], [field(page=2)]).missed == [label(page=1)]


def test_a_label_is_found_once_however_often_it_is_found():
    found = matched([label()], [field(), field()])

    assert (len(found.pairs), len(found.surplus)) == (1, 1)


def test_of_two_findings_at_a_place_the_one_of_its_type_is_taken():
    found = matched([label("date")], [field("signature"), field("date")])

    assert [pair[1].type for pair in found.pairs] == [FieldType.DATE]


def test_a_wrong_type_counts_for_the_place_only():
    score = Score()
    score.add([label("date")], [field("name")])

    assert (score.all.f1, score.places.f1) == (0.0, 1.0)
    assert (score.of("date").recall, score.of("name").precision) == (0.0, 0.0)


def test_precision_and_recall_are_shares_of_findings_and_of_labels():
    score = Score()
    far = (400.0, 100.0, 500.0, 110.0)
    score.add(
        [label(), label("date", rect=far), label("name", page=2), label("name", page=3)], [field(), field(page=9)]
    )

    assert (score.all.precision, score.all.recall) == (0.5, 0.25)
    assert score.all.f1 == pytest.approx(1 / 3)


def test_a_document_without_fields_in_which_none_is_found_is_right():
    score = Score()
    score.add([], [])

    assert (score.all.precision, score.all.recall, score.all.f1, score.mean_f1) == (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("labelled", "found", "share"),
    [
        pytest.param((1, 1, 2), (3, 3, 5), 1.0, id="other numbers, same groups"),
        pytest.param((1, 1, 2), (1, 1, 1), 1 / 3, id="all one party's"),
        pytest.param((1, None, None), (1, None, None), 1.0, id="what is nobody's is in no group"),
    ],
)
def test_grouping_asks_of_each_pair_whether_it_is_one_partys(labelled, found, share):
    rects = [(100.0, 100.0 * row, 200.0, 100.0 * row + 10) for row in range(3)]
    score = Score()
    score.add(
        [label(rect=rect, owner=owner) for rect, owner in zip(rects, labelled, strict=True)],
        [field(rect=rect, owner=owner) for rect, owner in zip(rects, found, strict=True)],
    )

    assert score.grouping == pytest.approx(share)
