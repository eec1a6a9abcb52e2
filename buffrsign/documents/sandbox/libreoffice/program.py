"""LibreOffice as it is installed on this machine."""

import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from buffrsign.core.logs import get_logger

ON_THE_PATH = ("soffice", "libreoffice")
_PROGRAM, _FACTS = "soffice.bin", "versionrc"
_VERSION = re.compile(r"LibreOffice (\d+(?:\.\d+){1,3})")
_BUILD = re.compile(r"^buildid=(\S{1,100})$", re.MULTILINE)
_ANSWERS_WITHIN_S = 60

log = get_logger(__name__)


class LibreOffice(msgspec.Struct, frozen=True):
    """`program`: what does the work, behind the script that is on the PATH. `build`: as a profile has it."""

    program: Path
    version: str
    build: str

    @property
    def name(self) -> str:
        """Of the program and its version, for the record."""
        return f"LibreOffice {self.version}"

    @property
    def home(self) -> Path:
        """The folder of its installation."""
        return self.program.parent.parent


def find_libreoffice(named: str = ON_THE_PATH[0]) -> LibreOffice | None:
    """The program of this path, or of this name on the PATH; None where there is none, or none that answers.

    It is asked for its version, which takes 0.1 s.
    """
    names = ON_THE_PATH if named == ON_THE_PATH[0] else (named,)
    started_by = next((found for name in names if (found := shutil.which(name))), None)
    if started_by is None:
        if named != ON_THE_PATH[0]:
            log.warning("LibreOffice was not where it is said to be", named=named)
        return None
    program = Path(started_by).resolve().parent / _PROGRAM
    version = _VERSION.search(_said_by(program))
    if version is None:
        log.warning("LibreOffice did not say its version", program=str(program))
        return None
    return LibreOffice(program, version[1], _build_of(program))


def _said_by(program: Path) -> str:
    try:
        said = subprocess.run(  # noqa: S603 - as configured
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
            env={"HOME": "/nonexistent", "LANG": "C.UTF-8"},
            timeout=_ANSWERS_WITHIN_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.decode("utf-8", "replace")


def _build_of(program: Path) -> str:
    try:
        facts = program.with_name(_FACTS).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = _BUILD.search(facts)
    return found[1] if found else ""
