"""Each bomb ends as it is said to, at the reader that it is aimed at; at all others it has a name, too."""

from collections.abc import Iterator

import pytest

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.sandbox import Limits, Sandbox
from evaluation.corpus.worker import NeverAgain
from tests.support.arsenal import BOMBS, READERS, Bomb

NAMES = {"ok", *(reason.value for reason in Reason)}
MOST_BYTES = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def impatient() -> Iterator[Sandbox]:
    """With a quarter of a worker's processor time; and each child is fresh, so that nothing is read twice."""
    sandbox = Sandbox(Limits(cpu_s=0.5, wall_s=50.0, files_per_child=1))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Sandbox]:
    """With a worker's limits."""
    sandbox = Sandbox(kills=NeverAgain())
    yield sandbox
    sandbox.close()


def ending(sandbox: Sandbox, reader: str, data: bytes) -> str:
    found = READERS[reader](sandbox, data)
    return found.reason.value if isinstance(found, Unreadable) else "ok"


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_ends_as_it_is_said_to_at_the_reader_that_it_is_aimed_at(impatient: Sandbox, bomb: Bomb) -> None:
    data = bomb.make()

    assert len(data) <= MOST_BYTES
    assert ending(impatient, bomb.reader, data) == bomb.ends


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_has_a_name_at_every_reader_and_what_is_read_in_little_time_is_read_in_more(
    patient: Sandbox, bomb: Bomb
) -> None:
    data = bomb.make()

    endings = {reader: ending(patient, reader, data) for reader in READERS}

    assert endings[bomb.reader] == bomb.ends or bomb.ends == "resource_limit"
    assert set(endings.values()) <= NAMES
