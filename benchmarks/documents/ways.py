"""Ways to draw the first page of a file, 256 pixels wide as PNG: ours, a bare loop's, and other programs'."""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pypdfium2

from benchmarks.documents.processor import SandboxClock, of_ended_programs
from buffrsign.documents import DrawnPages, Look, draw_pages
from buffrsign.documents.sandbox import Sandbox

WIDTH_PX = 256
_PATIENCE_S = 60


class Way(StrEnum):
    """A way to draw."""

    IN_PROCESS = "in_process"
    SANDBOX = "sandbox"
    FORK = "fork"
    WEBP = "webp"
    PYPDFIUM2 = "pypdfium2"
    MUTOOL = "mutool"
    PDFTOPPM = "pdftoppm"


OURS = (Way.IN_PROCESS, Way.SANDBOX, Way.FORK)
"""These draw the same picture, to the byte."""

PROGRAMS = (Way.MUTOOL, Way.PDFTOPPM)
"""These are started for each file. What starting them takes of this process is not counted."""

Draw = Callable[[bytes], bytes]
Ways = Mapping[Way, Draw]


class Took(NamedTuple):
    """Seconds by the clock, and of processors."""

    wall_s: float
    cpu_s: float


class Void(Exception):
    """A measurement that does not count; the message says why."""


def ways(sandbox: Sandbox, folder: Path) -> dict[Way, Draw]:
    """All ways that this machine has. Programs find their file, and leave their picture, in the folder."""
    page, stem, picture = folder / "page.pdf", folder / "picture", folder / "picture.png"
    commands = {
        Way.MUTOOL: f"mutool draw -q -F png -w {WIDTH_PX} -o {picture} {page} 1",
        Way.PDFTOPPM: f"pdftoppm -q -png -singlefile -f 1 -l 1 -scale-to-x {WIDTH_PX} -scale-to-y -1 {page} {stem}",
    }
    found: dict[Way, Draw] = {
        Way.IN_PROCESS: lambda data: _picture(draw_pages(data, looks=Look.THUMBNAIL_PNG)),
        Way.SANDBOX: lambda data: _picture(sandbox.draw_pages(data, looks=Look.THUMBNAIL_PNG)),
        Way.FORK: in_a_fork,
        Way.WEBP: lambda data: _picture(sandbox.draw_pages(data, looks=Look.THUMBNAIL_WEBP)),
        Way.PYPDFIUM2: with_bare_pypdfium2,
    }
    for way, command in commands.items():
        if shutil.which(way):
            found[way] = _program(command.split(), page, picture)
    return found


def with_bare_pypdfium2(data: bytes) -> bytes:
    """What whoever needs a thumbnail writes first: no form is filled in, and nothing guards against the file."""
    with pypdfium2.PdfDocument(data) as document:
        page = document[0]
        drawn = page.render(scale=WIDTH_PX / page.get_width()).to_pil()
    file = BytesIO()
    drawn.save(file, format="PNG")
    return file.getvalue()


def in_a_fork(data: bytes) -> bytes:
    """Draw in a fork that ends afterwards."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        with os.fdopen(writer, "wb") as answer:
            answer.write(_picture(draw_pages(data, looks=Look.THUMBNAIL_PNG)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        png = answer.read()
    os.waitpid(pid, 0)
    return png


def _program(command: list[str], page: Path, picture: Path) -> Draw:
    def draw(data: bytes) -> bytes:
        page.write_bytes(data)
        picture.unlink(missing_ok=True)
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)  # noqa: S603 - a fixed program
            return picture.read_bytes()
        except (subprocess.SubprocessError, FileNotFoundError) as error:
            raise Void(f"{command[0]} drew nothing: {type(error).__name__}") from error

    return draw


def measure(of: Ways, data: bytes, picture: bytes, clock: SandboxClock) -> dict[Way, Took]:
    """What each way takes for this file, one right after the other, so that a busy machine slows all of them.

    Raises:
        Void: a picture is not what it must be.
    """
    took = {}
    for way, draw in of.items():
        elsewhere, here, began = _elsewhere(clock), time.process_time(), time.perf_counter()
        drawn = draw(data)
        wall_s, here = time.perf_counter() - began, time.process_time() - here
        elsewhere = _elsewhere(clock) - elsewhere
        took[way] = Took(wall_s, elsewhere if way in PROGRAMS else elsewhere + here)
        check(way, drawn, picture)
    return took


def check(way: Way, drawn: bytes, picture: bytes) -> None:
    """Raise `Void` unless it is our picture, or, from others, a PNG of the right width."""
    if way in OURS and drawn != picture:
        raise Void(f"the picture drawn {way} differs from the one that this process draws")
    if way not in (*OURS, Way.WEBP) and _png_width(drawn) != WIDTH_PX:
        raise Void(f"the picture drawn by {way} is no PNG of {WIDTH_PX} pixels")


def _elsewhere(clock: SandboxClock) -> float:
    return clock.seconds() + of_ended_programs()


def _png_width(data: bytes) -> int | None:
    """From the header (ISO/IEC 15948, 11.2.2); None for what is no PNG."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    [width] = struct.unpack(">I", data[16:20])
    return int(width)


def _picture(drawn: object) -> bytes:
    if not isinstance(drawn, DrawnPages) or not drawn.pages[0].pictures:
        raise Void(f"a contract could not be drawn: {drawn}")
    return drawn.pages[0].pictures[0].data
