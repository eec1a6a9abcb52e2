import json
from pathlib import Path

import pytest

LABELS = Path(__file__).parents[3] / "evaluation" / "fields" / "labels"
FILES = sorted(LABELS.glob("*/*.json"))
TYPES = {"signature", "initials", "date", "name", "place", "text", "checkbox"}
CUES = {"line", "box", "blank", "label_only"}


def test_a_document_is_either_open_or_sealed():
    names = [path.name for path in FILES]

    assert len(set(names)) == len(names) > 0
    assert {path.parent.name for path in FILES} <= {"open", "further", "sealed"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:8])
def test_every_label_is_a_field_on_a_page_of_its_document(path):
    labels = json.loads(path.read_text())

    assert labels["sha256"] == path.stem
    assert labels["complete"] is True
    for field in labels["fields"]:
        left, bottom, right, top = field["rect"]
        assert field["type"] in TYPES
        assert field["cue"] in CUES
        assert type(field["filled"]) is bool
        assert 1 <= field["page"] <= labels["pages"]
        assert field["owner"] is None or field["owner"] >= 1
        assert 0 <= left < right
        assert 0 <= bottom < top


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:8])
def test_no_field_is_labelled_twice(path):
    fields = json.loads(path.read_text())["fields"]

    places = [(field["page"], *field["rect"]) for field in fields]

    assert len(set(places)) == len(places)
