"""Sandboxes for the tests of a module: one with our readers, one whose readers misbehave."""

from collections.abc import Iterator

import pytest

from buffrsign.documents.sandbox import Limits, Sandbox
from tests.support import hostile as hostile_readers


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """As a worker has it, with its limits."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def hostile() -> Iterator[Sandbox]:
    """With readers that misbehave, and less patience."""
    sandbox = Sandbox(Limits(cpu_s=0.5, wall_s=5.0, output_bytes=4 * 1024 * 1024), readers=hostile_readers.MODULE)
    yield sandbox
    sandbox.close()


@pytest.fixture(autouse=True)
def serves_the_next_file(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, the same sandbox reads what comes after it."""
    yield
    if "hostile" in request.fixturenames:
        assert request.getfixturevalue("hostile").read("echo", b"the next file") == "the next file"
