from collections.abc import Iterator

import pytest
from redis import Redis

from buffrsign.producer import connect
from workers.processes import free_port


@pytest.fixture
def nobody() -> Iterator[Redis]:
    """A client of a server that is away."""
    client = connect(f"redis://127.0.0.1:{free_port()}/0")
    yield client
    client.close()
