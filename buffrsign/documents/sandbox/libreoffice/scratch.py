"""The folder in which LibreOffice works on one file: made for it, watched, and removed, whatever happened there."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from buffrsign.core.logs import get_logger
from buffrsign.documents.office import OfficeKind
from buffrsign.documents.outcome import Reason
from buffrsign.documents.sandbox.libreoffice.limits import OfficeLimits
from buffrsign.documents.sandbox.libreoffice.profile import write_profile

PROFILE, TEMPORARY, PDF = "profile", "temporary", "document.pdf"

_REMOVED_AT_THE_LATEST_AFTER = 3
_PREFIX = "buffrsign-office-"
_STALE_AFTER_S = 3600.0
"""Far above any file's time: what is older was left by a worker and a zygote that were killed together."""

log = get_logger(__name__)


class Scratch:
    """A folder that holds one office file, and soon its PDF."""

    def __init__(self, path: Path, document: Path) -> None:
        self.path = path
        self.document = document

    def overstepped(self, limits: OfficeLimits) -> Reason | None:
        """Whether more lies there than may."""
        files, size = 0, 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                files += 1
                with suppress(FileNotFoundError):
                    size += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118 - much quicker
            if files > limits.scratch_files or size > limits.scratch_bytes:
                return Reason.RESOURCE_LIMIT
        return None

    def pdf(self, *, at_most: int) -> bytes | Reason:
        """What was made. Damaged: nothing was, or something else, such as a link that leads out of the folder."""
        try:
            file = os.open(self.path / PDF, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return Reason.DAMAGED
        with os.fdopen(file, "rb") as made:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode) or about.st_size == 0:
                return Reason.DAMAGED
            return Reason.TOO_LARGE if about.st_size > at_most else made.read(at_most)


@contextmanager
def scratch_for(data: bytes, kind: OfficeKind, *, build: str) -> Iterator[Scratch]:
    """A folder of its own for this file, nobody else's to read."""
    _sweep()
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        document = path / f"document.{kind.value}"
        document.write_bytes(data)
        (path / TEMPORARY).mkdir()
        write_profile(path / PROFILE, build=build)
        yield Scratch(path, document)
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Remove the folder with all that is in it, also where another process does, too.

    What cannot be removed is logged, and tried again by a later sweep.
    """
    for _ in range(_REMOVED_AT_THE_LATEST_AFTER):
        with suppress(RecursionError):
            shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        _open_up(path)
    log.warning("folder of LibreOffice could not be removed")


def _open_up(path: Path) -> None:
    """Folders within may deny their owner."""
    with suppress(OSError, RecursionError):
        for folder, names, _ in os.walk(path):
            for within in (Path(folder, name) for name in names):
                if not within.is_symlink():
                    within.chmod(0o700)


def _sweep() -> None:
    """Remove our folders that nobody can be using any more."""
    before = time.time() - _STALE_AFTER_S
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            about = path.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and about.st_mtime < before:
                remove(path)
