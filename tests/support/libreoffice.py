"""LibreOffice as anybody would start it, confined by nothing: to make files for tests, and to show what it would do."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from buffrsign.documents.sandbox.libreoffice import find_libreoffice
from buffrsign.documents.sandbox.libreoffice.profile import write_profile


def openly_converted(data: bytes, kind: str, *, to: str, folder: Path) -> bytes:
    """The file in another format, made by the program that is installed, with a profile of its own choice."""
    office = find_libreoffice()
    assert office, "LibreOffice is installed"
    profile, source, target = folder / "profile", folder / f"open.{kind}", folder / f"open.{to}"
    if not profile.exists():
        write_profile(profile, build=office.build)
        (profile / "user" / "registrymodifications.xcu").unlink()
    source.write_bytes(data)
    subprocess.run(
        [
            *(office.program, "--headless", f"-env:UserInstallation={profile.as_uri()}"),
            *("--convert-to", to, "--outdir", folder, source),
        ],
        check=True,
        capture_output=True,
        timeout=50,
    )
    return target.read_bytes()


def working_in(folder: Path) -> list[int]:
    """The processes of LibreOffice that work somewhere below this folder."""
    return [pid for pid, command in _commands() if b"soffice.bin" in command and bytes(folder) in command]


def _commands() -> Iterator[tuple[int, bytes]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            yield int(process.name), (process / "cmdline").read_bytes()
