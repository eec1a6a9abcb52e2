from collections.abc import Iterator

import pytest
from redis import Redis

from buffrsign import Handle, Producer
from buffrsign.broker.dead_letters import DeadLetters
from buffrsign.broker.deliveries import Deliveries
from buffrsign.broker.schedule import Schedule
from buffrsign.jobs.maintenance import Canary
from tests.support.broker import TestBroker, databases, private_server


@pytest.fixture
def client(broker: TestBroker) -> Redis:
    return broker.client


@pytest.fixture
def deliveries(client: Redis) -> Deliveries:
    return Deliveries(client)


@pytest.fixture
def schedule(client: Redis) -> Schedule:
    return Schedule(client)


@pytest.fixture
def dead_letters(client: Redis) -> DeadLetters:
    return DeadLetters(client)


@pytest.fixture
def job(producer: Producer) -> Handle:
    """A job in its queue."""
    return producer.enqueue(Canary())


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that the tests of one module may configure as they like."""
    with private_server(tmp_path_factory.mktemp("own_server")) as address:
        yield address


@pytest.fixture
def own_broker(own_server: str) -> Iterator[TestBroker]:
    """Empty databases of that server, whose configuration is put back afterwards."""
    with databases(own_server, first=0) as empty:
        before = empty.client.config_get("maxmemory*")
        yield empty
        for name, value in before.items():
            empty.client.config_set(name, value)
