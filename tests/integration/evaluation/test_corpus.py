"""A folder of files goes through every reader, and whoever dies over it is counted."""

import json
import os
from contextlib import redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from evaluation.corpus.__main__ import main
from evaluation.corpus.crew import Crew
from evaluation.corpus.found import DEAD
from evaluation.corpus.worker import FileReader
from tests.support import bombs, described, office_files, pdfs
from tests.support.corpus_workers import dies_of_some

TWO_GIB = 2 * 1024**3


@dataclass(frozen=True)
class Run:
    """What the command left behind."""

    code: int
    said: dict[str, Any]
    printed: str

    def file(self, path: str) -> dict[str, Any]:
        [found] = [each for each in self.said["per_file"] if each["path"] == path]
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files good and bad, some of them in folders below."""
    folder = tmp_path_factory.mktemp("files")
    below = folder / "below"
    below.mkdir()
    (below / "plain.pdf").write_bytes(pdfs.plain(pages=3))
    (below / "locked.pdf").write_bytes(pdfs.encrypted(user_password="secret"))
    (folder / "empty.pdf").touch()
    (folder / "bomb.pdf").write_bytes(bombs.flate_in_flate(mib=300))
    with (folder / "sparse.pdf").open("wb") as sparse:
        os.truncate(sparse.fileno(), TWO_GIB)
    return folder


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command over that folder, with judges."""
    output, printed = tmp_path_factory.mktemp("said") / "corpus.json", StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        main([str(folder), "--output", str(output), "--workers", "1", "--judge"])
    return Run(int(ended.value.code or 0), json.loads(output.read_text()), printed.getvalue())


def test_every_file_of_a_folder_has_an_outcome(run):
    assert {each["path"]: each["outcome"] for each in run.said["per_file"]} == {
        "below/plain.pdf": "ok",
        "below/locked.pdf": "encrypted",
        "empty.pdf": "empty",
        "bomb.pdf": "resource_limit",
        "sparse.pdf": "too_large",
    }
    assert (run.said["files"], run.said["dead_workers"], run.said["leaked_exceptions"]) == (5, 0, 0)


def test_what_a_file_took_and_what_it_is_stands_beside_its_outcome(run):
    plain, bomb = run.file("below/plain.pdf"), run.file("bomb.pdf")

    assert (plain["pages"], plain["encrypted"], plain["reason"], bomb["reason"]) == (3, False, None, "resource_limit")
    assert plain["sha256"] == sha256(pdfs.plain(pages=3)).hexdigest()
    assert 0 < plain["peak_mb"] < 100 < bomb["peak_mb"]
    assert plain["ms"] > 0
    assert run.said["crashed_children"] == bomb["crashed_children"] > 0
    assert "crashed children" in run.printed


def test_others_are_asked_about_what_was_read_and_what_they_say_decides(run):
    judged = run.said["judge"]

    assert run.code == 1
    assert {"pypdf", "pypdfium2", "pikepdf"} <= set(judged["judges"])
    assert (judged["files"], judged["agreed"], judged["same"], judged["opened_by_all"]) == (4, 3, 2, 2)
    assert judged["resource_limit"] == ["bomb.pdf"]
    assert [each["path"] for each in judged["differ"]] == ["bomb.pdf"]
    assert "differs: bomb.pdf" in run.printed


def test_a_file_of_two_gigabytes_is_refused_without_being_read(folder):
    reader = FileReader(folder)

    found = reader.read("sparse.pdf")

    assert set(found.steps.values()) == {"too_large"}
    assert (found.sha256, reader.sandbox.forked) == (None, 0)


def test_a_picture_is_read_as_the_pdf_that_is_made_of_it(tmp_path):
    (tmp_path / "scan.pdf").write_bytes(described.picture("PNG"))
    (tmp_path / "huge.png").write_bytes(bombs.png_of(width=100_000, height=100_000))
    (tmp_path / "words.txt").write_bytes(b"no picture, and no PDF")
    reader = FileReader(tmp_path)

    scan, huge, words = map(reader.read, ("scan.pdf", "huge.png", "words.txt"))
    reader.sandbox.close()

    assert (scan.outcome, scan.converted_from, scan.pages) == ("ok", "PNG", 1)
    assert (huge.outcome, huge.converted_from) == ("pixel_bomb", None)
    assert (words.outcome, words.converted_from) == ("not_a_pdf", None)


@pytest.mark.needs("libreoffice")
def test_an_office_file_is_read_as_the_pdf_that_libreoffice_makes_of_it(tmp_path):
    (tmp_path / "lease.pdf").write_bytes(office_files.odt())
    (tmp_path / "locked.docx").write_bytes(office_files.compound({"EncryptedPackage": b""}))
    reader = FileReader(tmp_path)

    lease, locked = map(reader.read, ("lease.pdf", "locked.docx"))
    reader.sandbox.close()

    assert (lease.outcome, lease.converted_from, lease.pages) == ("ok", "odt", 1)
    assert lease.peak_mb > 100
    assert (locked.outcome, locked.converted_from) == ("encrypted", None)


def test_a_worker_that_dies_or_hangs_is_counted_and_the_others_files_are_read(tmp_path):
    crew = Crew(str(tmp_path), workers=2, serve=dies_of_some, hangs_after_s=1.5)
    paths = ["a", "kill", "b", "hang", "c", "d"]

    found = {each.path: each.outcome for each in crew.read(paths)}

    assert found == {"a": "ok", "kill": DEAD, "b": "ok", "hang": DEAD, "c": "ok", "d": "ok"}
    assert crew.dead == 2
