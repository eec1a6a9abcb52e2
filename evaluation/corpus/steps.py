"""What is done to every file of a folder, in this order. A further reader is a line here."""

from collections.abc import Callable, Mapping
from typing import Any

from buffrsign.documents import DrawnPages, Look, Unreadable
from buffrsign.documents.sandbox import Sandbox

Step = Callable[[Sandbox, bytes], Any]
"""Reads a file in the sandbox, and returns a value or `Unreadable`."""

INSPECT = "inspect"

MAKING = frozenset({"sanitise"})
"""Steps that make another file. One that cannot be made says nothing of whether the file can be read."""


def _thumbnail(sandbox: Sandbox, data: bytes) -> bytes | Unreadable:
    """The PNG of page 1; where that page alone is damaged, that is what becomes of the file's picture."""
    drawn = sandbox.draw_pages(data, looks=Look.THUMBNAIL_PNG)
    if isinstance(drawn, DrawnPages):
        [page] = drawn.pages
        return Unreadable.because(page.reason) if page.reason else page.pictures[0].data
    return drawn


STEPS: Mapping[str, Step] = {
    INSPECT: lambda sandbox, data: sandbox.inspect(data),
    "thumbnail": _thumbnail,
    "fields": lambda sandbox, data: sandbox.find_fields(data),
    "text": lambda sandbox, data: sandbox.text_of(data, max_pages=50, max_characters=200_000),
    "analysis": lambda sandbox, data: sandbox.analyse(data),
    "sanitise": lambda sandbox, data: sandbox.sanitise(data),
}
