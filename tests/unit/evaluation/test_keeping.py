"""What was learnt is taken again for the same code and data only."""

import shutil

import pytest

from evaluation.analysis.keeping import kept_in

LIBRARIES = ("numpy",)  # those of training are not installed where tests run


@pytest.fixture
def data(tmp_path):
    """A data folder."""
    folder = tmp_path / "data" / "contracts"
    folder.mkdir(parents=True)
    for name in ("paragraphs_dev.jsonl", "clauses_dev.jsonl"):
        (folder / name).write_text("{}\n", encoding="utf-8")
    return tmp_path / "data"


def test_the_same_code_and_data_have_the_same_folder(tmp_path, data):
    again = tmp_path / "elsewhere"
    shutil.copytree(data, again)

    assert kept_in(tmp_path / "kept", data, libraries=LIBRARIES) == kept_in(
        tmp_path / "kept", again, libraries=LIBRARIES
    )


def test_other_data_have_another_folder_and_what_is_of_no_use_goes(tmp_path, data):
    first = kept_in(tmp_path / "kept", data, libraries=LIBRARIES)
    first.mkdir(parents=True)
    (first / "0-1-2.npz").write_bytes(b"learnt")
    (data / "contracts" / "clauses_dev.jsonl").write_text('{"fold": 1}\n', encoding="utf-8")

    second = kept_in(tmp_path / "kept", data, libraries=LIBRARIES)

    assert second != first
    assert not first.exists()


def test_other_libraries_have_another_folder(tmp_path, data):
    first = kept_in(tmp_path / "kept", data, libraries=LIBRARIES)

    assert kept_in(tmp_path / "kept", data, libraries=(*LIBRARIES, "msgspec")) != first
