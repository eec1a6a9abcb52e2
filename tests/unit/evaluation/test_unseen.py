"""The shipped classifier is judged on labelled paragraphs of anybody's."""

import json
from pathlib import Path

import pytest

from evaluation.analysis.unseen import main

GOVERNING = "This Agreement shall be governed by and construed in accordance with the laws of the State of Delaware."
PARAGRAPHS = [
    ("one", "SUPPLY AGREEMENT", []),
    ("one", "The Supplier delivers the goods to the Buyer at the address stated in each order.", []),
    ("one", GOVERNING, ["Governing Law"]),
    ("two", "The Buyer pays each invoice within thirty days of its receipt.", ["Governing Law"]),
    ("two", GOVERNING, []),
]


def written(folder: Path, *paragraphs: tuple[str, str, list[str]]) -> Path:
    path = folder / "paragraphs.jsonl"
    lines = [{"contract": contract, "text": text, "labels": labels} for contract, text, labels in paragraphs]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_what_is_found_is_held_against_what_is_so(tmp_path, capsys):
    main([str(written(tmp_path, *PARAGRAPHS)), "--json"])

    found = json.loads(capsys.readouterr().out)["labels"]["Governing Law"]
    assert (found["precision"], found["recall"], found["f1"], found["support"]) == (0.5, 0.5, 0.5, 2)


def test_people_get_a_table(tmp_path, capsys):
    main([str(written(tmp_path, *PARAGRAPHS))])

    assert "Governing Law" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("", "there is no paragraph", id="empty"),
        pytest.param("not JSON\n", "JSONDecodeError", id="no JSON"),
        pytest.param('{"contract": "one", "text": "a"}\n', "KeyError", id="no labels"),
        pytest.param('{"contract": "one", "text": "a", "labels": ["Weather"]}\n', "Weather", id="unknown label"),
    ],
)
def test_a_file_that_cannot_be_judged_says_why(tmp_path, content, why):
    path = tmp_path / "paragraphs.jsonl"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(SystemExit, match=why):
        main([str(path)])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match="nowhere"):
        main([str(tmp_path / "nowhere.jsonl")])
