import pytest

from evaluation.floors import fallen, recorded
from evaluation.section import Section

SECTION = Section("fields", {"open": {"f1": 0.81, "note": "word"}}, [])


def test_a_figure_on_its_floor_stands():
    assert fallen(SECTION, {"open.f1": 0.81}) == []


@pytest.mark.parametrize(
    ("path", "floor", "said"),
    [
        ("open.f1", 0.82, "fields: open.f1 is 0.810, below its floor 0.82"),
        ("open.recall", 0.5, "fields: open.recall was not measured; its floor is 0.5"),
        ("sealed.f1", 0.5, "fields: sealed.f1 was not measured; its floor is 0.5"),
        ("open.note", 0.5, "fields: open.note was not measured; its floor is 0.5"),
    ],
)
def test_a_figure_that_fell_or_is_absent_is_said(path, floor, said):
    assert fallen(SECTION, {path: floor}) == [said]


def test_the_recorded_floors_are_shares_of_real_files():
    floors = recorded()["fields"]

    assert {path.split(".")[0] for path in floors} == {"real_open", "real_sealed"}
    assert all(0 < floor < 1 for floor in floors.values())
