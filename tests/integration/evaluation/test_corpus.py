"""A folder of files goes through every reader, and whoever dies over it is counted."""

import json
import os
from pathlib import Path

import pytest

from evaluation.corpus.__main__ import main
from evaluation.corpus.crew import Crew
from evaluation.corpus.found import DEAD
from evaluation.corpus.worker import FileReader
from tests.support import bombs, pdfs
from tests.support.corpus_workers import dies_of_some

TWO_GIB = 2 * 1024**3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files good and bad, some of them in folders below."""
    below = tmp_path / "files" / "below"
    below.mkdir(parents=True)
    (below / "plain.pdf").write_bytes(pdfs.plain(pages=3))
    (below / "locked.pdf").write_bytes(pdfs.encrypted(user_password="secret"))
    (below.parent / "empty.pdf").touch()
    (below.parent / "bomb.pdf").write_bytes(bombs.nested_forms())
    with (below.parent / "sparse.pdf").open("wb") as sparse:
        os.truncate(sparse.fileno(), TWO_GIB)
    return below.parent


def test_every_file_of_a_folder_has_an_outcome_and_the_json_says_which(folder, tmp_path, capsys):
    output = tmp_path / "corpus.json"

    with pytest.raises(SystemExit) as ended:
        main([str(folder), "--output", str(output), "--workers", "1", "--judge"])

    said = json.loads(output.read_text())
    by_path = {each["path"]: each for each in said["per_file"]}
    assert ended.value.code == 0
    assert {path: each["outcome"] for path, each in by_path.items()} == {
        "below/plain.pdf": "ok",
        "below/locked.pdf": "encrypted",
        "empty.pdf": "empty",
        "bomb.pdf": "resource_limit",
        "sparse.pdf": "too_large",
    }
    assert (said["files"], said["dead_workers"], said["leaked_exceptions"]) == (5, 0, 0)
    assert said["crashed_children"] == by_path["bomb.pdf"]["crashed_children"] > 0
    plain = by_path["below/plain.pdf"]
    assert (plain["pages"], plain["encrypted"], plain["reason"]) == (3, False, None)
    assert plain["peak_mb"] > 0
    assert plain["ms"] > 0
    assert said["judge"]["agreed"] == said["judge"]["same"] >= 2
    assert "crashed children" in capsys.readouterr().out


def test_a_file_of_two_gigabytes_is_refused_without_being_read(folder):
    reader = FileReader(folder)

    found = reader.read("sparse.pdf")

    assert set(found.steps.values()) == {"too_large"}
    assert (found.sha256, reader.sandbox.forked) == (None, 0)


def test_a_worker_that_dies_or_hangs_is_counted_and_the_others_files_are_read(tmp_path):
    crew = Crew(str(tmp_path), workers=2, serve=dies_of_some, hangs_after_s=1.5)
    paths = ["a", "kill", "b", "hang", "c", "d"]

    found = {each.path: each.outcome for each in crew.read(paths)}

    assert found == {"a": "ok", "kill": DEAD, "b": "ok", "hang": DEAD, "c": "ok", "d": "ok"}
    assert crew.dead == 2
