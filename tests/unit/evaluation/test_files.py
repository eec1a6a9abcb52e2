from hashlib import sha256

from rich.progress import Progress

from evaluation.files import Files


def test_files_are_found_by_what_is_in_them_wherever_they_lie(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "renamed.bin").write_bytes(b"the contract")

    with Progress(disable=True) as progress:
        files = Files(tmp_path, progress=progress)

    assert files.get(sha256(b"the contract").hexdigest()) == b"the contract"
    assert files.get(sha256(b"another").hexdigest()) is None


def test_links_are_not_followed(tmp_path):
    (tmp_path / "outside").write_bytes(b"secret")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "outside")

    with Progress(disable=True) as progress:
        assert sha256(b"secret").hexdigest() not in Files(tmp_path / "data", progress=progress)
