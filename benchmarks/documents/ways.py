"""Three ways to draw the first page of each file: in this process, in a warm sandbox, and in a fork for each file."""

import os
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

from buffrsign.documents import Thumbnail, render_thumbnail
from buffrsign.documents.sandbox import Sandbox


class Way(StrEnum):
    """A way to draw."""

    IN_PROCESS = "in_process"
    SANDBOX = "sandbox"
    FORK = "fork"


Ways = Mapping[Way, Callable[[bytes], bytes]]


class Void(Exception):
    """A measurement that does not count; the message says why."""


def drawing(way: Way, sandbox: Sandbox) -> Callable[[bytes], bytes]:
    """The function that draws so, and returns a PNG."""
    if way is Way.SANDBOX:
        return lambda data: _png(sandbox.render_thumbnail(data))
    if way is Way.FORK:
        return in_a_fork
    return lambda data: _png(render_thumbnail(data))


def in_a_fork(data: bytes) -> bytes:
    """Draw in a fork that ends afterwards."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        with os.fdopen(writer, "wb") as answer:
            answer.write(_png(render_thumbnail(data)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        png = answer.read()
    os.waitpid(pid, 0)
    return png


def measure(ways: Ways, data: bytes, picture: bytes) -> dict[Way, float]:
    """Seconds that each way takes for this file, one right after the other, so that a busy machine slows all of them.

    Raises:
        Void: a picture is not what it must be.
    """
    took = {}
    for way, draw in ways.items():
        began = time.perf_counter()
        drawn = draw(data)
        took[way] = time.perf_counter() - began
        if drawn != picture:
            raise Void(f"the picture drawn {way} differs from the one that this process draws")
    return took


def _png(drawn: object) -> bytes:
    if not isinstance(drawn, Thumbnail):
        raise Void(f"an ordinary contract could not be drawn: {drawn}")
    return drawn.png
