from collections.abc import Iterator

import pytest
from redis import Redis

from buffrsign.producer import connect
from buffrsign.state.document_status import DocumentStatuses
from tests.support.broker import TestBroker
from tests.support.clock import StoppedClock
from workers.processes import free_port


@pytest.fixture
def client(broker: TestBroker) -> Iterator[Redis]:
    """Of the state server."""
    client = connect(broker.state_url)
    yield client
    client.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def statuses(client: Redis, clock: StoppedClock) -> DocumentStatuses:
    return DocumentStatuses(client, clock=clock)


@pytest.fixture
def nobody() -> Iterator[Redis]:
    """A client of a server that is away."""
    client = connect(f"redis://127.0.0.1:{free_port()}/0")
    yield client
    client.close()
