"""One sandbox with LibreOffice for the tests of a module, and each file converted once for all of them."""

from collections.abc import Callable, Iterator

import pytest

from buffrsign.documents import Unreadable
from buffrsign.documents.sandbox import MadePdf, Office, Sandbox

Convert = Callable[[bytes], MadePdf | Unreadable | None]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """As a worker has it."""
    sandbox = Sandbox(office=Office())
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def converted(sandbox: Sandbox) -> Convert:
    """What becomes of a file; asked again, it is not converted again."""
    known: dict[bytes, MadePdf | Unreadable | None] = {}

    def convert(data: bytes) -> MadePdf | Unreadable | None:
        if data not in known:
            known[data] = sandbox.to_pdf(data)
        return known[data]

    return convert
