"""`python -m evaluation`: what it prints, writes and returns."""

import json

import pytest

from evaluation.__main__ import main


@pytest.mark.slow
def test_without_the_labelled_files_it_says_what_is_missing_and_fails(tmp_path, capsys):
    output = tmp_path / "eval.json"
    (tmp_path / "data").mkdir()

    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "data"), "--only", "fields", "--json", "--output", str(output)])

    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert found == json.loads(output.read_text())
    assert f"60 of the labelled contracts are not below {tmp_path / 'data'}" in found["problems"]
    assert found["fields"]["dev"]["rules"]["all"]["f1"] > found["fields"]["dev"]["plain"]["all"]["f1"]


def test_a_folder_that_is_not_there_is_said_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="is no folder"):
        main([str(tmp_path / "nowhere")])
