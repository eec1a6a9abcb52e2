"""The files below a folder, found by what is in them."""

from hashlib import sha256
from pathlib import Path

from rich.progress import Progress


class Files:
    """Every file below a folder by its SHA-256. The digests are computed once, at the start; links are not followed."""

    def __init__(self, folder: Path, *, progress: Progress) -> None:
        found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        self._paths = {_digest(path): path for path in progress.track(found, description="files")}

    def __contains__(self, digest: str) -> bool:
        return digest in self._paths

    def get(self, digest: str) -> bytes | None:
        """The bytes of this digest; None if no file has them."""
        path = self._paths.get(digest)
        return None if path is None else path.read_bytes()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        hashed = sha256()
        while part := file.read(1024 * 1024):
            hashed.update(part)
    return hashed.hexdigest()
