"""What another library or program says of a file: how many pages it has, and whether it is encrypted.

`python -m evaluation.corpus.judge NAME` reads paths as JSON strings, one a line, and answers each with an `Opinion`.
Each file has a fork of its own with limits far above the sandbox's, so that a bad file costs one opinion.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec
import pikepdf
import pypdf
import pypdfium2
import pypdfium2.raw as pdfium_c

POPPLER = "pdfinfo"

_GIB = 1024**3
_LIMITS = ((resource.RLIMIT_AS, 2 * _GIB), (resource.RLIMIT_CPU, 20), (resource.RLIMIT_CORE, 0))
_PDFINFO_WITHIN_S = 30
_NOT_ENCRYPTED = -1


class Encryption(StrEnum):
    """Whether a file is encrypted."""

    NONE = "none"
    OPEN = "opens_without_password"
    LOCKED = "locked"


class Opinion(msgspec.Struct, frozen=True):
    """What one judge says. Both None: it cannot read the file. A locked file's pages nobody can count."""

    pages: int | None = None
    encryption: Encryption | None = None

    @property
    def opens(self) -> bool:
        """Whether the pages can be read without a password."""
        return self.pages is not None


LOCKED = Opinion(None, Encryption.LOCKED)


def by_pypdf(path: str) -> Opinion:
    """Forgives what it can."""
    with pypdf.PdfReader(path) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            return LOCKED
        return Opinion(len(reader.pages), _state(is_encrypted=reader.is_encrypted))


def by_pdfium(path: str) -> Opinion:
    """As Chromium opens it."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        return LOCKED if pdfium_c.FPDF_GetLastError() == pdfium_c.FPDF_ERR_PASSWORD else Opinion()
    is_encrypted = pdfium_c.FPDF_GetSecurityHandlerRevision(document) != _NOT_ENCRYPTED
    return Opinion(len(document), _state(is_encrypted=is_encrypted))


def by_pikepdf(path: str) -> Opinion:
    """As qpdf opens it."""
    try:
        with pikepdf.open(path) as document:
            return Opinion(len(document.pages), _state(is_encrypted=document.is_encrypted))
    except pikepdf.PasswordError:
        return LOCKED


def by_pdfinfo(path: str) -> Opinion:
    """By poppler's program."""
    ended = subprocess.run(  # noqa: S603
        [POPPLER, path],
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
        timeout=_PDFINFO_WITHIN_S,
    )
    if b"Incorrect password" in ended.stderr:
        return LOCKED
    pages = re.search(rb"^Pages:\s+(\d+)", ended.stdout, re.MULTILINE)
    encrypted = re.search(rb"^Encrypted:\s+(yes|no)", ended.stdout, re.MULTILINE)
    if not pages or not encrypted:
        return Opinion()
    return Opinion(int(pages[1]), _state(is_encrypted=encrypted[1] == b"yes"))


JUDGES: Mapping[str, Callable[[str], Opinion]] = {
    "pypdf": by_pypdf,
    "pypdfium2": by_pdfium,
    "pikepdf": by_pikepdf,
    POPPLER: by_pdfinfo,
}


def present() -> list[str]:
    """Those that are on this machine; all but poppler's come with the project."""
    return [name for name in JUDGES if name != POPPLER or shutil.which(POPPLER)]


def _state(*, is_encrypted: bool) -> Encryption:
    return Encryption.OPEN if is_encrypted else Encryption.NONE


def in_a_fork(judge: Callable[[str], Opinion], path: str) -> Opinion:
    """The judge's opinion; that it has none, where it raises, dies or takes too much."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            for limit, most in _LIMITS:
                resource.setrlimit(limit, (most, most))
            os.write(writer, msgspec.json.encode(judge(path)))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    return msgspec.json.decode(said, type=Opinion) if said else Opinion()


def main(name: str) -> None:
    """Answer every line."""
    judge = JUDGES[name]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())  # libraries write what they think of a file there
    for line in sys.stdin:
        opinion = in_a_fork(judge, msgspec.json.decode(line, type=str))
        sys.stdout.write(msgspec.json.encode(opinion).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
